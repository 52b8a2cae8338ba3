"""Signing in by one-time link, signing out, and the administrator's view of jobs."""

from gridwarden.migrations.frozen import run_sql

revision = "m0060_doors"
down_revision = "m0050_maps"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
