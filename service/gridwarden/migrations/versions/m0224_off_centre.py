"""What is measured to its centre is looked for where the centre may be."""

from gridwarden.migrations.frozen import run_sql

revision = "m0224_off_centre"
down_revision = "m0324_granted_mains"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
