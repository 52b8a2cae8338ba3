"""The screener's own first screening counts; no step waits for a backup."""

from gridwarden.migrations.frozen import run_sql

revision = "m0135_screened_by_itself"
down_revision = "m0154_age_then"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
