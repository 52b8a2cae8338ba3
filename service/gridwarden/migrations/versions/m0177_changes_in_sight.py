"""That a finding of a main changed is told to whom the change can be seen by."""

from gridwarden.migrations.frozen import run_sql

revision = "m0177_changes_in_sight"
down_revision = "m0176_first_due"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
