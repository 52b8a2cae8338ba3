"""Layer gas_supply_stations."""

from gridwarden.migrations.frozen import run_sql

revision = "m0423_gas_supply_stations"
down_revision = "m0422_liquid_fuel_users"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
