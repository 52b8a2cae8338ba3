"""An edit reads the history of its own features, not that of the whole city."""

from gridwarden.migrations.frozen import run_sql

revision = "m0191_history_by_its_index"
down_revision = "m0178_sizes_unlocked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
