"""A permit check is told from one look at the data, and costs little more than that look."""

from gridwarden.migrations.frozen import run_sql

revision = "m0200_permit_told"
down_revision = "m0223_new_datasets_are_meant"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
