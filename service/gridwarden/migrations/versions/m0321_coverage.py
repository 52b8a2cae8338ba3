"""Layer coverage, altered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0321_coverage"
down_revision = "m0321_construction_sites"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
