"""One's own keys are shown to oneself; a sign-in provider's person is found again, or made."""

from gridwarden.migrations.frozen import run_sql

revision = "m0311_own_keys"
down_revision = "m0342_audit_kept"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
