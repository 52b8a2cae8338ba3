"""One feature at a time is made, replaced, changed and removed, guarded by its version."""

from gridwarden.migrations.frozen import run_sql

revision = "m0140_editing"
down_revision = "m0132_judged_again"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
