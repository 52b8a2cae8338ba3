"""A planner's events are read several times as fast: what veils them is looked up once."""

from gridwarden.migrations.frozen import run_sql

revision = "m0173_events_read"
down_revision = "m0133_joined_by_profile"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
