"""The ledger's functions where they let through, or told, what they should not."""

from gridwarden.migrations.frozen import run_sql

revision = "m0418_ledger_mended"
down_revision = "m0428_words_found"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
