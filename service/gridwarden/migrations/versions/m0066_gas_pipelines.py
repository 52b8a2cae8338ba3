"""Layer gas_pipelines, altered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0066_gas_pipelines"
down_revision = "m0065_rented_dwellings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
