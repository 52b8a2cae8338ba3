"""Who made a key is kept, and goes with whoever acts by it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0077_who_made_keys"
down_revision = "m0076_permit_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
