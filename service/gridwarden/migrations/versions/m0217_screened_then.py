"""When the city had last been screened at a past moment is told of the screener's steps, too."""

from gridwarden.migrations.frozen import run_sql

revision = "m0217_screened_then"
down_revision = "m0216_judged_by_this_program"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
