"""A what-if measures no clearance from or to places in Baidu's shifted system."""

from gridwarden.migrations.frozen import run_sql

revision = "m0127_what_if_placed"
down_revision = "m0126_own_imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
