"""The statements that judge mains beside mains, neighbours, absences and records."""

from gridwarden.migrations.frozen import run_sql

revision = "m0074_other_templates"
down_revision = "m0073_templates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
