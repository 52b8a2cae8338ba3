"""The four batches 四个一批: kinds that an office chooses, cases and units, money."""

from gridwarden.migrations.frozen import run_sql

revision = "m0414_batches"
down_revision = "m0413_listing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
