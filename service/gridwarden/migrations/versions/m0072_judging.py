"""Rules to SQL: what there is to judge, and the statements."""

from gridwarden.migrations.frozen import run_sql

revision = "m0072_judging"
down_revision = "m0071_main_profiles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
