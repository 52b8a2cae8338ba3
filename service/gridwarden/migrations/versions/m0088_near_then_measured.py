"""Mains beside mains: which are near is known before anything is measured."""

from gridwarden.migrations.frozen import run_sql

revision = "m0088_near_then_measured"
down_revision = "m0087_upgraded"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
