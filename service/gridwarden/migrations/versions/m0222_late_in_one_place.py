"""Who is late is asked in one place, and so is whether a survey lies beneath a newer one."""

from gridwarden.migrations.frozen import run_sql

revision = "m0222_late_in_one_place"
down_revision = "m0221_ended_findings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
