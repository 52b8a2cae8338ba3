"""Working days with 调休, the office's table of due days, the day that a moment counts on."""

from gridwarden.migrations.frozen import run_sql

revision = "m0410_deadlines"
down_revision = "m0430_office_clock"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
