"""Statements judge a few subjects as they judge all: these drive the search for candidates."""

from gridwarden.migrations.frozen import run_sql

revision = "m0131_candidates"
down_revision = "m0151_past_findings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
