"""Mains as the rules see them, and what each rule asks of them."""

from gridwarden.migrations.frozen import run_sql

revision = "m0071_main_profiles"
down_revision = "m0070_rule_engine"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
