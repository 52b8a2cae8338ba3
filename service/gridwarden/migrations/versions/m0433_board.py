"""What the ten indicators are made of, counted for any past day, with the cases behind it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0433_board"
down_revision = "m0432_board_records"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
