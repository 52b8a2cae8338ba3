"""Layer districts."""

from gridwarden.migrations.frozen import run_sql

revision = "m0003_districts"
down_revision = "m0002_organisations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
