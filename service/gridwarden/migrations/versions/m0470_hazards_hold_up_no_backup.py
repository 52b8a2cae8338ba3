"""Following findings waits for nobody who reads, and no backup waits for it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0470_hazards_hold_up_no_backup"
down_revision = "m0445_categories_apart"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
