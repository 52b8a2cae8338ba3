"""Mains cut into pieces, and findings in two halves: what all may know and what is exact."""

from gridwarden.migrations.frozen import run_sql

revision = "m0031_screening"
down_revision = "m0030_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
