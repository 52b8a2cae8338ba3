"""The statement that judges a layer beside mains."""

from gridwarden.migrations.frozen import run_sql

revision = "m0073_templates"
down_revision = "m0072_judging"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
