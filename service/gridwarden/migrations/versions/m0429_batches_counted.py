"""The totals of the four batches count a batch that is still empty."""

from gridwarden.migrations.frozen import run_sql

revision = "m0429_batches_counted"
down_revision = "m0227_looked_up_once"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
