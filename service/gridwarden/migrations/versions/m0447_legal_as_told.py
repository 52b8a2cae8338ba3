"""What a case's reader may do now is one list: on pages, in JSON and in refusals."""

from gridwarden.migrations.frozen import run_sql

revision = "m0447_legal_as_told"
down_revision = "m0460_readiness"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
