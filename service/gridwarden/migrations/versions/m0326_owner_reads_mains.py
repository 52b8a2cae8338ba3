"""Who judges by hand, in no role, judges every main where it is."""

from gridwarden.migrations.frozen import run_sql

revision = "m0326_owner_reads_mains"
down_revision = "m0325_veiled_on_the_ground"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
