"""Findings say the version of their pack and what else the rule told."""

from gridwarden.migrations.frozen import run_sql

revision = "m0075_findings"
down_revision = "m0074_other_templates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
