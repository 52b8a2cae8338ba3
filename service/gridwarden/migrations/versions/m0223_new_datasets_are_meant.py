"""A dataset whose name was mistyped is not made by an edit."""

from gridwarden.migrations.frozen import run_sql

revision = "m0223_new_datasets_are_meant"
down_revision = "m0222_late_in_one_place"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
