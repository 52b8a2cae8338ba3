"""Screening goes on while a backup reads the tables that it works with."""

from gridwarden.migrations.frozen import run_sql

revision = "m0214_backups_hold_nothing_up"
down_revision = "m0450_restorations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
