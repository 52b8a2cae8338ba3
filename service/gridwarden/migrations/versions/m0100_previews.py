"""How a file is read is shown with its import; what was said of a form is remembered."""

from gridwarden.migrations.frozen import run_sql

revision = "m0100_previews"
down_revision = "m0091_local_systems"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
