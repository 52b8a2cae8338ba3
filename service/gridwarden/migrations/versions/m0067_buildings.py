"""Layer buildings, altered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0067_buildings"
down_revision = "m0066_gas_pipelines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
