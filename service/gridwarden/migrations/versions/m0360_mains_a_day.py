"""What one person sees of exact mains in a day is summed: many pages are many mains."""

from gridwarden.migrations.frozen import run_sql

revision = "m0360_mains_a_day"
down_revision = "m0434_cut_off"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
