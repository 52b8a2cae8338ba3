"""Photos and documents of a case, with what their time and place mean for it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0412_proof"
down_revision = "m0411_extensions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
