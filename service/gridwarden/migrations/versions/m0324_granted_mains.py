"""A bureau grants one planner the exact mains of a district for a time."""

from gridwarden.migrations.frozen import run_sql

revision = "m0324_granted_mains"
down_revision = "m0323_veiled_mains"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
