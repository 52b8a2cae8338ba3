"""Of what is tied to mains planners and inspectors read the 500 m cell alone, and wardens none."""

from gridwarden.migrations.frozen import run_sql

revision = "m0365_mains_by_cell_alone"
down_revision = "m0441_reconciling"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
