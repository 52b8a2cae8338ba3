"""What other parts of the ledger add to a case's story: photos, letters, listings.

A part registers when its routes are imported; the story page asks each for its data and shows its
template, so that this package imports none of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import Caller

Load = Callable[[AsyncConnection[TupleRow], Caller, Mapping[str, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: `template` is included with `data` and `case`."""

    name: str
    template: str
    load: Load
    order: int


_sections: dict[str, Section] = {}


def section(name: str, template: str, load: Load, *, order: int = 100) -> None:
    """Add a part to every case's page. Raises ValueError when the name is taken."""
    if name in _sections:
        raise ValueError(f"two sections are called {name!r}")
    _sections[name] = Section(name, template, load, order)


def sections() -> list[Section]:
    """All of them, in the order of the page."""
    return sorted(_sections.values(), key=lambda one: (one.order, one.name))


async def loaded(
    c: AsyncConnection[TupleRow], caller: Caller, case: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The sections that have something to show of a case, in the caller's open transaction."""
    found = []
    for one in sections():
        data = await one.load(c, caller, case)
        if data is not None:
            found.append({"name": one.name, "template": one.template, "data": data})
    return found
