"""Layer underground_lines."""

from gridwarden.migrations.frozen import run_sql

revision = "m0061_underground_lines"
down_revision = "m0060_doors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
