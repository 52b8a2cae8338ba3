"""Why a number of findings is another one than it was."""

from gridwarden.migrations.frozen import run_sql

revision = "m0152_why_changed"
down_revision = "m0172_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
