"""An answer from before a restore is given again where transaction numbers went on."""

from gridwarden.migrations.frozen import run_sql

revision = "m0450_restorations"
down_revision = "m0226_few_after_many"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
