"""Lists of cases are searched in one column, and many cases follow many findings quickly."""

from gridwarden.migrations.frozen import run_sql

revision = "m0403_followed_quickly"
down_revision = "m0417_site_named"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
