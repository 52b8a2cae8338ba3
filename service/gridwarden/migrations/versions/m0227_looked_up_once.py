"""An edit is screened with less work beside the judging itself."""

from gridwarden.migrations.frozen import run_sql

revision = "m0227_looked_up_once"
down_revision = "m0418_ledger_mended"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
