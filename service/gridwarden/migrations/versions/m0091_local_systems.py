"""Plane coordinates of a city or a firm, fitted by common points, are kept under a name."""

from gridwarden.migrations.frozen import run_sql

revision = "m0091_local_systems"
down_revision = "m0105_unlocated"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
