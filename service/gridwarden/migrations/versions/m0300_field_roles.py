"""Grid wardens, inspectors and contractors may ask; an embedded map has a role of its own."""

from gridwarden.migrations.frozen import run_sql

revision = "m0300_field_roles"
down_revision = "m0192_as_near_as_asked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
