"""After a large change a single edit costs what it did before it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0226_few_after_many"
down_revision = "m0403_followed_quickly"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
