"""Events as one caller may see them: the one reader behind list, feed and webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from gridwarden.access.audit.seeing import saw
from gridwarden.database import Caller, Pool, as_caller
from gridwarden.jobs.events.asking import LATEST, Q
from gridwarden.jobs.events.places import Places
from gridwarden.words.problems import Problem

LOOKED_THROUGH = 100_000
"""Places that one statement looks through."""
Values = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its place, and `told`, the JSON text of the whole as its reader may see it."""

    seq: int
    type: str
    subject: str
    at: str
    told: str
    main: int | None = None
    """The main whose place `told` holds."""


@dataclass(frozen=True, slots=True)
class Read:
    """Events in their order. `cursor` is the place up to which nothing more is to be told.

    `more` may come after it, even where there are no events here.
    """

    events: list[Event]
    cursor: int
    more: bool


async def start(c: AsyncConnection[TupleRow], after: str | None, field: str, places: Places) -> int:
    """The place that reading begins after.

    Raises Problem `invalid_value` for one that was not sealed for this reader, `gone` for one that
    is not kept.
    """
    last, forgotten = await _clock(c)
    if after == LATEST:
        return last
    if after is None:
        return forgotten
    opened = places.open(after)
    if opened is None:
        raise Problem("invalid_value", "events.bad_cursor", field=field)
    if opened < forgotten:
        raise Problem("gone", "events.too_old", field=field, oldest=places.seal(forgotten))
    if opened > last:
        raise Problem("gone", "events.too_new", field=field, newest=places.seal(last))
    return opened


async def read(
    c: AsyncConnection[TupleRow], values: Values, after: int, limit: int, srid: int, route: str
) -> Read:
    """Up to `limit` events after a place, in the reader's open transaction.

    `values` are the filters as `values_of` gives them; `srid` is the working CRS. Mains whose
    places are told are recorded as seen by `route`.
    """
    last, _ = await _clock(c)
    upto = min(last, after + LOOKED_THROUGH)
    asked = {**values, "after": after, "upto": upto, "limit": limit + 1, "srid": srid}
    async with c.cursor(row_factory=class_row(Event)) as cursor:
        found = await (await cursor.execute(Q["seen"], asked)).fetchall()
    await saw(c, route, (e.main for e in found[:limit] if e.main is not None))
    if len(found) > limit:
        return Read(found[:limit], found[limit - 1].seq, more=True)
    return Read(found, max(upto, after), more=upto < last)


async def page(
    c: AsyncConnection[TupleRow], values: Values, after: int, limit: int, srid: int, route: str
) -> Read:
    """The same, through all that there is: `more` only where the reader will be told more.

    A page with nothing on it would say how many events are hidden from who gets it.
    """
    events: list[Event] = []
    while True:
        found = await read(c, values, after, limit + 1 - len(events), srid, route)
        events += found.events
        after = found.cursor
        if len(events) > limit:
            return Read(events[:limit], events[limit - 1].seq, more=True)
        if not found.more:
            return Read(events, after, more=False)


async def read_as(
    pool: Pool, caller: Caller, values: Values, after: int, limit: int, srid: int, route: str
) -> Read:
    """The same, as one caller; the transaction has ended when this returns."""
    async with as_caller(pool, caller) as c:
        return await read(c, values, after, limit, srid, route)


async def _clock(c: AsyncConnection[TupleRow]) -> tuple[int, int]:
    """The newest place, and the newest that was deleted."""
    row = await (await c.execute(Q["clock"])).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
