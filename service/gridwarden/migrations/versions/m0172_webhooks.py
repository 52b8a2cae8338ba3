"""Webhooks: addresses that are told of events, as a key of theirs would see them."""

from gridwarden.migrations.frozen import run_sql

revision = "m0172_webhooks"
down_revision = "m0171_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
