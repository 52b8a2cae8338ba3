"""Signing in by the office's provider: what is under way, who it makes, and what it changes."""

from gridwarden.migrations.frozen import run_sql

revision = "m0350_provider"
down_revision = "m0433_board"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
