"""A site with an open case on a critical sub-work does not advance its stage."""

from gridwarden.migrations.frozen import run_sql

revision = "m0415_stop_work"
down_revision = "m0414_batches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
