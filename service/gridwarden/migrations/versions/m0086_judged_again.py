"""A decision tells which families, on which layers, its rules have judged again."""

from gridwarden.migrations.frozen import run_sql

revision = "m0086_judged_again"
down_revision = "m0085_what_if"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
