"""Who no longer sees a finding, for it came to another company or district, is told so."""

from gridwarden.migrations.frozen import run_sql

revision = "m0174_left"
down_revision = "m0163_age_quickly"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
