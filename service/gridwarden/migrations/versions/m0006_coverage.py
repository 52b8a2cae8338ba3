"""Layer coverage."""

from gridwarden.migrations.frozen import run_sql

revision = "m0006_coverage"
down_revision = "m0005_roads"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
