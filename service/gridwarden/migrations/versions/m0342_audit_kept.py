"""Audit rows are kept for at least 180 days, then in signed files; listeners are told in order."""

from gridwarden.migrations.frozen import run_sql

revision = "m0342_audit_kept"
down_revision = "m0341_export_copies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
