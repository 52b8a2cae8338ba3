"""People have accounts with passwords; keys have scopes, wear out and are exchanged."""

from gridwarden.migrations.frozen import run_sql

revision = "m0310_accounts"
down_revision = "m0211_measured_when_near"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
