"""Who sees which finding, and how much of it, is said once for every view of findings."""

from gridwarden.migrations.frozen import run_sql

revision = "m0170_who_sees_findings"
down_revision = "m0130_findings_in_time"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
