"""What the four batches come to is read from the batches, in the board's programmes too."""

from gridwarden.migrations.frozen import run_sql

revision = "m0438_batches_reported"
down_revision = "m0437_lists_narrowed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
