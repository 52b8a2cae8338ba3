"""A finding's number tells nothing of other findings."""

from gridwarden.migrations.frozen import run_sql

revision = "m0220_finding_ids"
down_revision = "m0321_warden_grids"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
