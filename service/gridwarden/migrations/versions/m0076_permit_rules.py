"""Permit checks by every pack in force, by depth and network; room and way back for each main."""

import re
from pathlib import Path

from gridwarden.migrations.frozen import run_sql, run_text

revision = "m0076_permit_rules"
down_revision = "m0075_findings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)
    run_sql(__file__.replace("m0076_permit_rules", "m0076_permit_rules_telling"))


def downgrade() -> None:
    """The way back takes its functions from the migration that first made them."""
    run_sql(__file__, down=True)
    for name in ("m0040_permits.sql", "m0040_permits_telling.sql"):
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        for made in re.findall(r"^create function .*?\$\$;$", text, re.DOTALL | re.MULTILINE):
            if "data.permit_rows(" not in made.partition("\n")[0]:
                run_text(made.replace("create function", "create or replace function", 1))
