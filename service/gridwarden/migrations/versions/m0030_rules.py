"""Rules as rows: packs, pressure classes, outer diameters, and what judges a distance."""

from gridwarden.migrations.frozen import run_sql

revision = "m0030_rules"
down_revision = "m0020_intake"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
