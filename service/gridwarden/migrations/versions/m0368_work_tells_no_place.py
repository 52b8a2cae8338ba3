"""How much work a question makes depends on where another company's main is moved to, not on it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0368_work_tells_no_place"
down_revision = "m0367_granted_copies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
