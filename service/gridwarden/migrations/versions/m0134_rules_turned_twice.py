"""Rules that turned and turned back are judged again where something was judged in between."""

from gridwarden.migrations.frozen import run_sql

revision = "m0134_rules_turned_twice"
down_revision = "m0190_profiles_by_key"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
