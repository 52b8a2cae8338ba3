"""Layer street_objects."""

from gridwarden.migrations.frozen import run_sql

revision = "m0063_street_objects"
down_revision = "m0062_enclosed_spaces"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
