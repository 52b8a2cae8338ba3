"""Counts for the public: few at mains are withheld, and what would give those away."""

from gridwarden.migrations.frozen import run_sql

revision = "m0330_told_counts"
down_revision = "m0310_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
