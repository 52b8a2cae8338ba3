"""What `/readyz` asks: which tables these are, whether they are written, whether a worker lives."""

from gridwarden.migrations.frozen import run_sql

revision = "m0460_readiness"
down_revision = "m0443_judged_now"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
