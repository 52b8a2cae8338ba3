"""People exchange and end keys of their own; a token without a name renames nobody."""

from gridwarden.migrations.frozen import run_sql

revision = "m0351_keys_in_hand"
down_revision = "m0213_checks_planned_once"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
