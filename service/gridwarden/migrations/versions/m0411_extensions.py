"""Extensions are applied for and approved before the due day, by two people."""

from gridwarden.migrations.frozen import run_sql

revision = "m0411_extensions"
down_revision = "m0351_keys_in_hand"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
