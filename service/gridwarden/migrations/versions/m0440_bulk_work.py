"""Many cases are acted on and put back as one; lists are saved as views; workbooks return."""

from gridwarden.migrations.frozen import run_sql

revision = "m0440_bulk_work"
down_revision = "m0360_mains_a_day"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
