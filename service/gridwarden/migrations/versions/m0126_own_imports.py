"""Whoever may see an import answers and publishes it; a form does not tell the system."""

from gridwarden.migrations.frozen import run_sql

revision = "m0126_own_imports"
down_revision = "m0117_crs_of_a_version"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
