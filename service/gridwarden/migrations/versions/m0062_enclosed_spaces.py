"""Layer enclosed_spaces."""

from gridwarden.migrations.frozen import run_sql

revision = "m0062_enclosed_spaces"
down_revision = "m0061_underground_lines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
