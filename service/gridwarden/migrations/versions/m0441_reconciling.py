"""A district's own list is held beside the ledger: only theirs, only ours, both and different."""

from gridwarden.migrations.frozen import run_sql

revision = "m0441_reconciling"
down_revision = "m0440_bulk_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
