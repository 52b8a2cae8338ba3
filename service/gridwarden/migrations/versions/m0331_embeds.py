"""Maps in other people's pages: frozen figures behind a signed link."""

from gridwarden.migrations.frozen import run_sql

revision = "m0331_embeds"
down_revision = "m0330_told_counts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
