"""A case that holds a site says which one it is, to a contractor, too."""

from gridwarden.migrations.frozen import run_sql

revision = "m0417_site_named"
down_revision = "m0416_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
