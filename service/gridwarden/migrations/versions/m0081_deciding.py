"""The second person decides; rules turn on their day."""

from gridwarden.migrations.frozen import run_sql

revision = "m0081_deciding"
down_revision = "m0080_sharing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
