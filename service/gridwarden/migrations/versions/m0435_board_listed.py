"""The board counts hazards that were listed for supervision and taken off the list."""

from gridwarden.migrations.frozen import run_sql

revision = "m0435_board_listed"
down_revision = "m0217_screened_then"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
