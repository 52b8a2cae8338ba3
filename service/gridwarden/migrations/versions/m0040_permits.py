"""The permit check: one statement from area and method to the finished answer."""

from gridwarden.migrations.frozen import run_sql

revision = "m0040_permits"
down_revision = "m0031_screening"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)
    run_sql(__file__.replace("m0040_permits", "m0040_permits_telling"))


def downgrade() -> None:
    run_sql(__file__, down=True)
