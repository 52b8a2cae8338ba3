"""Pairs of known categories that differ are proposed last."""

from gridwarden.migrations.frozen import run_sql

revision = "m0445_categories_apart"
down_revision = "m0444_of_a_cell"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
