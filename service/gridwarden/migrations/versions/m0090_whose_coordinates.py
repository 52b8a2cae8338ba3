"""An import says whose coordinates it was read in and why, or asks, and keeps who answered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0090_whose_coordinates"
down_revision = "m0089_baidu"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
