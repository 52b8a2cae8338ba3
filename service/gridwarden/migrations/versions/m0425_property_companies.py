"""Layer property_companies."""

from gridwarden.migrations.frozen import run_sql

revision = "m0425_property_companies"
down_revision = "m0424_indoor_gas_inspections"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
