"""Layer liquid_fuel_users."""

from gridwarden.migrations.frozen import run_sql

revision = "m0422_liquid_fuel_users"
down_revision = "m0421_building_water_systems"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
