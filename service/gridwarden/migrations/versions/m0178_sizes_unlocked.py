"""Figures come while a whole city is screened, and no cause is looked for where rules did it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0178_sizes_unlocked"
down_revision = "m0177_changes_in_sight"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
