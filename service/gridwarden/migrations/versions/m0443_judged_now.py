"""A case is closed by a judgement of its subject as it is, while no edit of it waits."""

from gridwarden.migrations.frozen import run_sql

revision = "m0443_judged_now"
down_revision = "m0442_words_veiled"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
