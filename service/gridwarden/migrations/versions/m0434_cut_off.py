"""Until when the figures of a day reach."""

from gridwarden.migrations.frozen import run_sql

revision = "m0434_cut_off"
down_revision = "m0350_provider"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
