"""Cases are told to feeds and webhooks, like findings and imports; a report sent twice is one."""

from gridwarden.migrations.frozen import run_sql

revision = "m0404_case_events"
down_revision = "m0438_batches_reported"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
