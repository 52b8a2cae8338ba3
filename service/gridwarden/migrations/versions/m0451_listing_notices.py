"""What days bring of a listing (挂牌督办) is told to those who must act."""

from gridwarden.migrations.frozen import run_sql

revision = "m0451_listing_notices"
down_revision = "m0449_deadlines_go_on"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
