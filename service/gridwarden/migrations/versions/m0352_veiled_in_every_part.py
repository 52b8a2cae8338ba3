"""A case that is veiled is so in its photos, its site and its overrides, too."""

from gridwarden.migrations.frozen import run_sql

revision = "m0352_veiled_in_every_part"
down_revision = "m0369_acts_tell_no_count"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
