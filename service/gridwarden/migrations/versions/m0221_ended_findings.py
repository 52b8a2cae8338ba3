"""A finding that has ended is told of as it last was, and why it ended."""

from gridwarden.migrations.frozen import run_sql

revision = "m0221_ended_findings"
down_revision = "m0220_finding_ids"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
