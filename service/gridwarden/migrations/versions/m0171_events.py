"""Events have an order that readers can follow; what becomes of imports is told, too."""

from gridwarden.migrations.frozen import run_sql

revision = "m0171_events"
down_revision = "m0161_age_at_a_place"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
