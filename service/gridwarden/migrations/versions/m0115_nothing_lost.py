"""What an import would change is kept to be looked at; rows without an identity are known again."""

from gridwarden.migrations.frozen import run_sql

revision = "m0115_nothing_lost"
down_revision = "m0090_whose_coordinates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
