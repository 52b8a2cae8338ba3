"""The age of surveys by district as it was at a moment."""

from gridwarden.migrations.frozen import run_sql

revision = "m0154_age_then"
down_revision = "m0174_left"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
