"""Columns that only some roles know: names and phones in registers."""

from gridwarden.migrations.frozen import run_sql

revision = "m0420_known_to"
down_revision = "m0352_veiled_in_every_part"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
