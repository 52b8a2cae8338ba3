"""Layer gas_pipelines."""

from gridwarden.migrations.frozen import run_sql

revision = "m0012_gas_pipelines"
down_revision = "m0011_excavations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
