"""Rules change by two people: what one proposes, and what would change by it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0080_sharing"
down_revision = "m0077_who_made_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
