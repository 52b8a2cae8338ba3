"""Layer rented_dwellings."""

from gridwarden.migrations.frozen import run_sql

revision = "m0065_rented_dwellings"
down_revision = "m0064_fire_lanes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
