"""Cases move by the life cycle alone, whoever moves them."""

from gridwarden.migrations.frozen import run_sql

revision = "m0401_hazard_moves"
down_revision = "m0400_hazard_cases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
