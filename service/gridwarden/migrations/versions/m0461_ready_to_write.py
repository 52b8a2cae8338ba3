"""`/readyz` says so where the database takes no writes, by a setting of it as on a standby."""

from gridwarden.migrations.frozen import run_sql

revision = "m0461_ready_to_write"
down_revision = "m0451_listing_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
