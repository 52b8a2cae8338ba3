"""No clearance is measured from a place in Baidu's shifted system."""

from gridwarden.migrations.frozen import run_sql

revision = "m0089_baidu"
down_revision = "m0088_near_then_measured"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
