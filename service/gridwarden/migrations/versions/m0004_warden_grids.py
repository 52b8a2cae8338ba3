"""Layer warden_grids."""

from gridwarden.migrations.frozen import run_sql

revision = "m0004_warden_grids"
down_revision = "m0003_districts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
