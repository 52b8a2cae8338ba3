"""What is near enough for a pair is told by the accuracy of both, before it is measured."""

from gridwarden.migrations.frozen import run_sql

revision = "m0192_as_near_as_asked"
down_revision = "m0191_history_by_its_index"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
