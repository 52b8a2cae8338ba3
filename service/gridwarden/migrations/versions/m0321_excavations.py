"""Layer excavations, altered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0321_excavations"
down_revision = "m0321_estates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
