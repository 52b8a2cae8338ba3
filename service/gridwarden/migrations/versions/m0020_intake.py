"""Imports, what they could not take, and how roles ask for both."""

from gridwarden.migrations.frozen import run_sql

revision = "m0020_intake"
down_revision = "m0012_gas_pipelines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, views and functions of the intake room."""
    run_sql(__file__)


def downgrade() -> None:
    """Take them away; what was published stays."""
    run_sql(__file__, down=True)
