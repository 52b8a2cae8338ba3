"""A permit check whose coordinates nobody can name is judged under every reading, never clear."""

from gridwarden.migrations.frozen import run_sql

revision = "m0105_unlocated"
down_revision = "m0125_relief"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
