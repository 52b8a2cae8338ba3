"""A city that was judged by rules of an earlier form is judged again, and says so until then."""

from gridwarden.migrations.frozen import run_sql

revision = "m0087_upgraded"
down_revision = "m0086_judged_again"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
