"""Features as they were known at a moment, and what was written when and as what."""

from gridwarden.migrations.frozen import run_sql

revision = "m0150_past"
down_revision = "m0170_who_sees_findings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
