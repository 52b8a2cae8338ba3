"""Layer roads."""

from gridwarden.migrations.frozen import run_sql

revision = "m0005_roads"
down_revision = "m0004_warden_grids"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
