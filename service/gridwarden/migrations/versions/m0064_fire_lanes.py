"""Layer fire_lanes."""

from gridwarden.migrations.frozen import run_sql

revision = "m0064_fire_lanes"
down_revision = "m0063_street_objects"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
