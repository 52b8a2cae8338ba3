"""Layer indoor_gas_inspections."""

from gridwarden.migrations.frozen import run_sql

revision = "m0424_indoor_gas_inspections"
down_revision = "m0423_gas_supply_stations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
