"""Nobody opens mains to the own hand, and what a planner takes carries a copy's number and mark."""

from gridwarden.migrations.frozen import run_sql

revision = "m0367_granted_copies"
down_revision = "m0366_main_cells"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
