"""A warden's, a contractor's and a company's list of cases begins at an index."""

from gridwarden.migrations.frozen import run_sql

revision = "m0437_lists_narrowed"
down_revision = "m0436_board_kept"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
