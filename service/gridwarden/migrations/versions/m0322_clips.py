"""A contractor reads the mains within the dig area of its own ticket, and no others."""

from gridwarden.migrations.frozen import run_sql

revision = "m0322_clips"
down_revision = "m0311_own_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
