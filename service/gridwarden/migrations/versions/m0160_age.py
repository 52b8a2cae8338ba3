"""How old each dataset is, what its supplier promised, and who is late."""

from gridwarden.migrations.frozen import run_sql

revision = "m0160_age"
down_revision = "m0180_watching"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
