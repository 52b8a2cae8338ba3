"""The city as it was known at a moment: which moment is asked for, and the twins that answer it.

Every view that roles read has a twin, `…_at`, with the same columns, conditions and readers over
what history says was there at the transaction's moment (`docs/time.md`). Those of findings have one
more, `…_ended`, over the last versions of those that are no more.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Final, Literal, LiteralString
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.layers.catalogue import layers
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.layers.past", "past.sql")
What = Literal["features", "findings"]
OTHERS: Final = (
    "district_age",
    "district_surveyed",
    "finding",
    "finding_cell",
    "finding_count",
    "finding_exact",
    "screened",
    "told_counts",
)
"""What has a twin beside the layers."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def moment(text: str, zone: str, field: str = "at") -> datetime:
    """A moment (RFC 3339), or a day: its end, today's being now. In the office's time zone.

    Raises Problem (400, naming `field`) for anything else, and for what is still to come.
    """
    now = datetime.now(UTC)
    text = text.strip().replace(" ", "+")  # an offset whose plus sign was not escaped
    try:
        if _DAY.fullmatch(text):
            here = ZoneInfo(zone)
            day = date.fromisoformat(text)
            if not 2 <= day.year <= 9998:
                raise ValueError(text)
            found = datetime.combine(day, time.max, here)
            if day == now.astimezone(here).date():
                found = now
        elif _MOMENT.fullmatch(text):
            found = datetime.fromisoformat(text.upper())
        else:
            raise ValueError(text)
        found = found.astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError):
        raise Problem("invalid_value", "time.bad_moment", field=field) from None
    if found > now:
        raise Problem("invalid_value", "time.to_come", field=field)
    return found


def moment_of(text: str | None, zone: str, field: str = "at") -> datetime | None:
    """The moment of a parameter that may be missing. Raises Problem as `moment` does."""
    return None if text is None else moment(text, zone, field)


async def go_back(
    c: AsyncConnection[TupleRow],
    at: datetime | None,
    what: What,
    field: str = "at",
) -> None:
    """Set the moment that twins answer for, for the rest of the transaction; None: nothing.

    Raises Problem (404) for a moment before the first that is known of, which is told.
    """
    if at is None:
        return
    row = await (await c.execute(Q["go_back"], {"at": at, "what": what})).fetchone()
    if row is not None and row[0] is not None:
        first = row[0].astimezone(at.tzinfo).isoformat(timespec="seconds")
        raise Problem("not_found", f"time.before_{what}", field=field, first=first)


def then(statement: LiteralString, at: datetime | None) -> LiteralString:
    """A statement over present views, over their twins where a moment is asked for."""
    return statement if at is None else _over_twins(statement)


def of_ended(statement: LiteralString) -> LiteralString:
    """A statement over the views of living findings, over those of findings that have ended."""
    return _ENDED.sub(r"api.\1_ended", statement)


@cache
def _over_twins(statement: LiteralString) -> LiteralString:
    return _views((*layers(), *OTHERS)).sub(r"api.\1_at", statement)


def _views(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(r"\bapi\.(" + "|".join(sorted(names)) + r")\b")


_ENDED: Final = _views(("finding", "finding_exact"))
