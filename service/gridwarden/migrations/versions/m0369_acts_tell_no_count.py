"""Acts and evidence are told without their numbers, which count those of hidden cases, too."""

from gridwarden.migrations.frozen import run_sql

revision = "m0369_acts_tell_no_count"
down_revision = "m0368_work_tells_no_place"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
