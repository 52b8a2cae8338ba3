"""A transaction in which the clock was set back is committed like any other."""

from gridwarden.migrations.frozen import run_sql

revision = "m0215_clocks_set_back"
down_revision = "m0214_backups_hold_nothing_up"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
