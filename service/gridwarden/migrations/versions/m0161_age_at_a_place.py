"""Permit answers tell how old the records of a place are; past the promise none is clear."""

from gridwarden.migrations.frozen import run_sql

revision = "m0161_age_at_a_place"
down_revision = "m0160_age"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
