"""The ledger of each day: what stood, what came, what went, and the cases behind each number."""

from gridwarden.migrations.frozen import run_sql

revision = "m0431_ledger"
down_revision = "m0402_hazards_found"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
