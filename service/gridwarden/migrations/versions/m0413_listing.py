"""Listed supervision 挂牌督办: its number, its days, its steps, its delisting."""

from gridwarden.migrations.frozen import run_sql

revision = "m0413_listing"
down_revision = "m0412_proof"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
