"""Cases are found by their words and numbers at an index, in Chinese too."""

from gridwarden.migrations.frozen import run_sql

revision = "m0428_words_found"
down_revision = "m0427_rented_dwellings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
