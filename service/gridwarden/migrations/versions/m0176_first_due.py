"""A webhook has something to send when the first delivery that waits of a subject is due."""

from gridwarden.migrations.frozen import run_sql

revision = "m0176_first_due"
down_revision = "m0135_screened_by_itself"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
