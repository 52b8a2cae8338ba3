"""A past day stays what it was, and a hazard is not closed by the name of another one."""

from gridwarden.migrations.frozen import run_sql

revision = "m0419_past_days"
down_revision = "m0429_batches_counted"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
