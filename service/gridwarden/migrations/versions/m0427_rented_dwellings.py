"""Layer rented_dwellings, altered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0427_rented_dwellings"
down_revision = "m0426_petitions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
