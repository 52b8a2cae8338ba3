"""Inspectors read what their districts hold, wardens what stands in their grids."""

from gridwarden.migrations.frozen import run_sql

revision = "m0320_shares"
down_revision = "m0340_audit_sealed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
