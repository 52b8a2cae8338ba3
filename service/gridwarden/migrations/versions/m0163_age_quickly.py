"""The age of the records at a place costs a permit check little."""

from gridwarden.migrations.frozen import run_sql

revision = "m0163_age_quickly"
down_revision = "m0134_rules_turned_twice"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
