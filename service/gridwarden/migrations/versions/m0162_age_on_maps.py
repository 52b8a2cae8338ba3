"""Maps and what-ifs tell how old the records are that they rest on."""

from gridwarden.migrations.frozen import run_sql

revision = "m0162_age_on_maps"
down_revision = "m0173_events_read"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
