"""Hazards are cases: what they are, what happened to them, on what they stand, who sees them."""

from gridwarden.migrations.frozen import run_sql

revision = "m0400_hazard_cases"
down_revision = "m0410_deadlines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
