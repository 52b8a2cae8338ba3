"""Cases come from what people report and from what the screening finds."""

from gridwarden.migrations.frozen import run_sql

revision = "m0402_hazards_found"
down_revision = "m0401_hazard_moves"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
