"""Screenings are kept, and what is judged is known by a mark."""

from gridwarden.migrations.frozen import run_sql

revision = "m0082_screenings"
down_revision = "m0081_deciding"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
