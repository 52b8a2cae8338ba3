"""What a request for events asks, read strictly: an unknown filter would tell too much."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.access.named import district_called
from gridwarden.database import queries
from gridwarden.jobs.events.places import PATTERN
from gridwarden.words.asked import GRADES, check_choices, given_of, limit_of
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.jobs.events", "events.sql")
FILTERS: Final = ("topic", "family", "layer", "severity", "district")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "topic": ("finding", "import", "case"),
    "severity": GRADES["severity"],
}
LATEST: Final = "latest"
_PLACE = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters by name, and the place that events are asked after, still sealed.

    `after` is None for the oldest that are kept, or LATEST for none of those that there are.
    """

    filters: Mapping[str, str]
    after: str | None
    limit: int

    def following(self, cursor: str) -> str:
        """The address of the next page."""
        paging = {"limit": str(self.limit), "cursor": cursor}
        return "/api/events?" + urlencode({**self.filters, **paging})


def asked_of(items: Iterable[tuple[str, str]], known: tuple[str, ...] = ()) -> Asked:
    """Read query parameters, of which `known` are there besides the filters.

    Raises Problem (400) naming the one that is wrong.
    """
    given = given_of(items, (*FILTERS, *known, "lang"), CHOICES)
    filters = {name: value for name, value in given.items() if name in FILTERS}
    return Asked(filters, place(given.get("cursor"), "cursor"), limit_of(given))


def place(text: str | None, field: str) -> str | None:
    """A place as it was given; None for none. Raises Problem (400) where it cannot be one."""
    if text is None or text == LATEST or _PLACE.fullmatch(text):
        return text
    raise Problem("invalid_value", "events.bad_cursor", field=field)


async def values_of(
    c: AsyncConnection[TupleRow], filters: Mapping[str, str]
) -> dict[str, str | int | None]:
    """The filters as the named statements take them, in a caller's open transaction.

    Raises Problem (400) for a family, layer or district that is not there: nothing would ever
    be told of it.
    """
    allowed: dict[str, list[str]] = {"family": [], "layer": []}
    if allowed.keys() & filters:
        for name, choice in await (await c.execute(Q["choices"])).fetchall():
            allowed[name].append(choice)
        check_choices(filters, allowed)
    values: dict[str, str | int | None] = {name: filters.get(name) for name in FILTERS}
    if "district" in filters:
        values["district"] = await district_called(
            c, filters["district"], "district", unknown="invalid_value"
        )
    return values
