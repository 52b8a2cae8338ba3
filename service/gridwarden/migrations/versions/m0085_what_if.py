"""What a screening would find for a feature that is only proposed."""

from gridwarden.migrations.frozen import run_sql

revision = "m0085_what_if"
down_revision = "m0084_explaining"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
