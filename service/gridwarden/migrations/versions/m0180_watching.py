"""How the service does, in totals; tables that every step writes are cleaned as they grow."""

from gridwarden.migrations.frozen import run_sql

revision = "m0180_watching"
down_revision = "m0140_editing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
