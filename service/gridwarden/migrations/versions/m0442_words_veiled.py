"""Words of a case beside a main are told to who sees its place alone."""

from gridwarden.migrations.frozen import run_sql

revision = "m0442_words_veiled"
down_revision = "m0419_past_days"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
