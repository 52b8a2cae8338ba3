"""The audit is sealed range by range, and tells which mains were seen."""

from gridwarden.migrations.frozen import run_sql

revision = "m0340_audit_sealed"
down_revision = "m0300_field_roles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
