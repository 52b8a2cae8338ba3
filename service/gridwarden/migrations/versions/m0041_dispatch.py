"""Nearest sheds: the layer's own GiST index serves the search, so there is nothing to add."""

revision = "m0041_dispatch"
down_revision = "m0040_permits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No table, function or grant: `api.charging_sheds` is read as it is."""


def downgrade() -> None:
    """Nothing was made."""
