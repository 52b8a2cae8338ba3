"""Layer street_objects, altered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0321_street_objects"
down_revision = "m0321_roads"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
