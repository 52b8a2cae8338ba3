"""What people enter for the board: programmes, spot checks, stock, signatures under days."""

from gridwarden.migrations.frozen import run_sql

revision = "m0432_board_records"
down_revision = "m0431_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
