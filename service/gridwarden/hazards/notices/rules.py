"""The table of notices: which act is told to whom; read, checked, and kept in the database."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from gridwarden.database import queries
from gridwarden.database.addresses import owner_dsn
from gridwarden.hazards.life_cycle import LIFE_CYCLE
from gridwarden.settings import Settings

Q: Final = queries(__package__ or "gridwarden.hazards.notices", "notices.sql")
PARTS: Final = ("responsible", "warden", "supervising", "inspector", "leader", "finder")
BY_DAYS: Final = (
    *("due_soon", "overdue"),
    *("listing_decision_soon", "listing_decision_late", "listing_goes_higher"),
)
"""Kinds that no act brings."""


def read(text: str) -> tuple[Mapping[str, Any], ...]:
    """The rows of the table. Raises ValueError for an act or a part that there is not."""
    rows = tuple(tomllib.loads(text)["notice"])
    acts = {act.name for act in LIFE_CYCLE.acts}
    for row in rows:
        if set(row) != {"kind", "acts", "tells", "next"}:
            raise ValueError(f"{row.get('kind')}: kind, acts, tells, next, and nothing else")
        if strange := set(row["acts"]) - acts:
            raise ValueError(f"{row['kind']}: no such act: {', '.join(sorted(strange))}")
        if strange := set(row["tells"]) - set(PARTS):
            raise ValueError(f"{row['kind']}: no such part: {', '.join(sorted(strange))}")
        if bool(row["acts"]) == (row["kind"] in BY_DAYS):
            raise ValueError(f"{row['kind']}: an act brings it, or a day does")
    told = [act for row in rows for act in row["acts"]]
    if len(set(told)) < len(told):
        raise ValueError("an act is told twice")
    return rows


RULES: Final = read((files(__package__) / "notices.toml").read_text("utf-8"))
"""The table of this program."""


async def ensure_rules(settings: Settings) -> None:
    """Keep the table in the database, on the machine itself, as its owner."""
    async with await AsyncConnection.connect(owner_dsn(settings)) as c:
        await c.execute(Q["keep"], {"told": Jsonb([dict(row) for row in RULES])})
