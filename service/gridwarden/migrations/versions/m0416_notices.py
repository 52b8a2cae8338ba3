"""Who is told what of a case, written with the act that is its cause."""

from gridwarden.migrations.frozen import run_sql

revision = "m0416_notices"
down_revision = "m0415_stop_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
