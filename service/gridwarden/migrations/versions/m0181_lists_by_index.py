"""A page of findings is read by an index however far on it is; what waits to be sent is counted."""

from gridwarden.migrations.frozen import run_sql

revision = "m0181_lists_by_index"
down_revision = "m0152_why_changed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
