"""Layer charging_sheds."""

from gridwarden.migrations.frozen import run_sql

revision = "m0009_charging_sheds"
down_revision = "m0008_buildings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
