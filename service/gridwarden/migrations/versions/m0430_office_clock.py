"""The clock that cases go by: ahead by some days in practice, and never behind."""

from gridwarden.migrations.frozen import run_sql

revision = "m0430_office_clock"
down_revision = "m0212_pieces_as_they_lie"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
