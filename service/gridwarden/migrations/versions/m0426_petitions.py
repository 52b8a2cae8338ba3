"""Layer petitions."""

from gridwarden.migrations.frozen import run_sql

revision = "m0426_petitions"
down_revision = "m0425_property_companies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
