"""Findings keep what they were, and tell an outbox what becomes of them."""

from gridwarden.migrations.frozen import run_sql

revision = "m0130_findings_in_time"
down_revision = "m0127_what_if_placed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
