"""A screen of all measures only what is near enough, and looks up the few features that are."""

from gridwarden.migrations.frozen import run_sql

revision = "m0211_measured_when_near"
down_revision = "m0210_whom_changes_concern"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
