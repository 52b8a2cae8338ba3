"""A main that the asker may not read is moved by metres on the ground, in any plane."""

from gridwarden.migrations.frozen import run_sql

revision = "m0325_veiled_on_the_ground"
down_revision = "m0224_off_centre"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
