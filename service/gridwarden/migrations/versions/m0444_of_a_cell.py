"""A photo of a case that stands in the middle of a cell is held against no place."""

from gridwarden.migrations.frozen import run_sql

revision = "m0444_of_a_cell"
down_revision = "m0447_legal_as_told"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
