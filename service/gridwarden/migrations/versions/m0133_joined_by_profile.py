"""What rules ask of mains is joined by profile; a step reads no table whole."""

from gridwarden.migrations.frozen import run_sql

revision = "m0133_joined_by_profile"
down_revision = "m0181_lists_by_index"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
