"""Findings, and their counts, as they were known at a moment."""

from gridwarden.migrations.frozen import run_sql

revision = "m0151_past_findings"
down_revision = "m0150_past"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
