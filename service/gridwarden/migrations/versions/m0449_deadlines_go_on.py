"""A deferred case goes on with the time it had left; another grade makes no late case later."""

from gridwarden.migrations.frozen import run_sql

revision = "m0449_deadlines_go_on"
down_revision = "m0448_unread_days"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
