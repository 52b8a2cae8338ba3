"""Many permit checks place a main of another company no better than a band does."""

from gridwarden.migrations.frozen import run_sql

revision = "m0323_veiled_mains"
down_revision = "m0322_clips"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
