"""The search of a whole layer beside mains goes along the mains, and not by their profiles."""

from gridwarden.migrations.frozen import run_sql

revision = "m0212_pieces_as_they_lie"
down_revision = "m0326_owner_reads_mains"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
