"""Planners read in which 500 m squares mains lie, and how many in three classes."""

from gridwarden.migrations.frozen import run_sql

revision = "m0366_main_cells"
down_revision = "m0404_case_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
