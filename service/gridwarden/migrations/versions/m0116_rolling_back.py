"""A dataset's versions can be listed, and an earlier one comes back as a new one."""

from gridwarden.migrations.frozen import run_sql

revision = "m0116_rolling_back"
down_revision = "m0115_nothing_lost"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
