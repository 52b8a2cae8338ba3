"""What an explanation of a finding needs: how its mains look to the rules, and all packs' bands."""

from gridwarden.migrations.frozen import run_sql

revision = "m0084_explaining"
down_revision = "m0083_trials"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
