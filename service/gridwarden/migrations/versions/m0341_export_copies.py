"""Bulk exports of exact mains have a reason, a second person, and a number in every copy."""

from gridwarden.migrations.frozen import run_sql

revision = "m0341_export_copies"
down_revision = "m0205_import_at_once"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
