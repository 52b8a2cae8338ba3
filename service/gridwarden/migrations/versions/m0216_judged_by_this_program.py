"""What was found by an earlier program is judged again after an upgrade."""

from gridwarden.migrations.frozen import run_sql

revision = "m0216_judged_by_this_program"
down_revision = "m0215_clocks_set_back"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
