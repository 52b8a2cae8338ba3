"""A permit check costs the same in a large city: its search is planned once, not each time."""

from gridwarden.migrations.frozen import run_sql

revision = "m0213_checks_planned_once"
down_revision = "m0365_mains_by_cell_alone"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
