"""A first file of a layer is written at a third of its former cost: indexes are made after it."""

from gridwarden.migrations.frozen import run_sql

revision = "m0205_import_at_once"
down_revision = "m0331_embeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
