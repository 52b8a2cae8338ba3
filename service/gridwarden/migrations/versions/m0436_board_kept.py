"""A board of many cases reads how each of them stood, kept day by day, and not every act again."""

from gridwarden.migrations.frozen import run_sql

revision = "m0436_board_kept"
down_revision = "m0435_board_listed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
