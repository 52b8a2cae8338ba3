"""Whom the changes of a layer concern is one statement a layer, composed with the rules."""

from gridwarden.migrations.frozen import run_sql

revision = "m0210_whom_changes_concern"
down_revision = "m0200_permit_told"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
