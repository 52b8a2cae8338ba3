"""What of a district's row could not be read is kept with the row."""

from gridwarden.migrations.frozen import run_sql

revision = "m0448_unread_days"
down_revision = "m0470_hazards_hold_up_no_backup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
