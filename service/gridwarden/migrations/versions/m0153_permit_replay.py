"""Permit answers are given again, from what their own moment saw."""

from gridwarden.migrations.frozen import run_sql

revision = "m0153_permit_replay"
down_revision = "m0162_age_on_maps"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
