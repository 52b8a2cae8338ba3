"""What the public is told, by district: exact where no main is involved, else from five on.

The database decides what that is (`api.told_counts`, and docs/embeds.md why); this reads it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from gridwarden.database import queries
from gridwarden.layers.past import then
from gridwarden.settings import Settings

Q: Final = queries(__package__ or "gridwarden.maps", "told.sql")
FEW: Final = frozenset({"", "count", "weighted"})
"""What stands beside families: several that are told together, and what all of them add up to."""


@dataclass(frozen=True, slots=True)
class Tally:
    """So many findings of one family, severity and certainty.

    Where only the sum of a family is told, severity and certainty are empty and `weight` is what
    it weighs; the family is empty for those that are told together.
    """

    family: str
    severity: str
    certainty: str
    n: int
    weight: float | None = None


def weights_of(settings: Settings) -> str:
    """The weights as the database takes them."""
    return json.dumps({**settings.severity_weights, "possible": settings.possible_factor})


async def told_by_district(
    c: AsyncConnection[Any], settings: Settings, at: datetime | None = None
) -> tuple[Mapping[int, tuple[Tally, ...]], Mapping[int, frozenset[str]]]:
    """Tallies by district, and which measures are withheld there."""
    cursor = await c.execute(then(Q["told"], at), {"weights": weights_of(settings)})
    told: dict[int, list[Tally]] = {}
    hidden: dict[int, set[str]] = {}
    for district, family, severity, certainty, n, weight in await cursor.fetchall():
        if n is None:
            hidden.setdefault(district, set()).update((family,) if family else FEW - {""})
        else:
            tally = Tally(family, severity or "", certainty or "", n, weight)
            told.setdefault(district, []).append(tally)
    return (
        {district: tuple(tallies) for district, tallies in told.items()},
        {district: frozenset(measures) for district, measures in hidden.items()},
    )
