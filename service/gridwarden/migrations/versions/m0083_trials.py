"""A pack can be tried out in a transaction that cannot end well."""

from gridwarden.migrations.frozen import run_sql

revision = "m0083_trials"
down_revision = "m0082_screenings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
