"""A proposed shed says which estates it would relieve."""

from gridwarden.migrations.frozen import run_sql

revision = "m0125_relief"
down_revision = "m0116_rolling_back"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
