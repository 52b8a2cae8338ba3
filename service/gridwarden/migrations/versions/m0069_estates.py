"""Layer estates, altered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0069_estates"
down_revision = "m0068_excavations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
