"""Layer construction_sites, altered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0321_construction_sites"
down_revision = "m0321_charging_sheds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
