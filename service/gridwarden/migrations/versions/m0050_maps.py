"""What only maps need: how much of each district is surveyed, without the coverage itself."""

from gridwarden.migrations.frozen import run_sql

revision = "m0050_maps"
down_revision = "m0040_permits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
