"""Each version of a dataset keeps whose coordinates its rows were."""

from gridwarden.migrations.frozen import run_sql

revision = "m0117_crs_of_a_version"
down_revision = "m0100_previews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
