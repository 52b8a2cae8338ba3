"""A change is screened by itself: whom it concerns, judged by what judges the city."""

from gridwarden.migrations.frozen import run_sql

revision = "m0132_judged_again"
down_revision = "m0131_candidates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
