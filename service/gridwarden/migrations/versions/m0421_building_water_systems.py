"""Layer building_water_systems."""

from gridwarden.migrations.frozen import run_sql

revision = "m0421_building_water_systems"
down_revision = "m0420_known_to"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
