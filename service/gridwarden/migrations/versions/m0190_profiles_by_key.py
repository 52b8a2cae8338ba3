"""An import of mains works out how a main looks once for each profile, not twice for each main."""

from gridwarden.migrations.frozen import run_sql

revision = "m0190_profiles_by_key"
down_revision = "m0153_permit_replay"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
