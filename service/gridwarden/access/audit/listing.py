"""The trail as the auditor reads it: filtered, newest first, a page at a time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from gridwarden.database import ROLES, queries
from gridwarden.words.asked import rows_of_page
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.access.audit", "listing.sql")
TEXTS: Final = ("person", "role", "action", "object")
FILTERS: Final = (*TEXTS, "from", "to", "main")
LIMIT: Final = 100
LONGEST: Final = 500
LAST: Final = 2**63 - 1
_WHOLE: Final = re.compile(r"\d{1,18}")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What is asked for. `given` are the filters as they came, for links and forms."""

    given: dict[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    main: int | None = None
    before: int = LAST
    limit: int = LIMIT

    def following(self, before: int, path: str) -> str:
        """The address of the next page."""
        paging = {"limit": str(self.limit), "cursor": str(before)}
        return f"{path}?{urlencode({**self.given, **paging})}"


def audit_query(
    items: Iterable[tuple[str, str]], zone: str, known: tuple[str, ...] = ("limit", "cursor")
) -> AuditQuery:
    """Read query parameters; empty ones ask for nothing. Raises Problem (400)."""
    given: dict[str, str] = {}
    for name, value in items:
        if name not in (*FILTERS, *known, "lang"):
            raise Problem("unknown_parameter", field=name[:80])
        if name in given:
            raise Problem("invalid_value", "audit.problem.repeated", field=name)
        if "\x00" in value or len(value) > LONGEST:
            raise Problem("invalid_value", field=name)
        if value.strip() and name != "lang":
            given[name] = value.strip()
    if given.get("role") not in (None, *ROLES):
        roles = ", ".join(ROLES)
        raise Problem("invalid_value", "audit.problem.role", field="role", choices=roles)
    filters: dict[str, str] = {name: given[name] for name in FILTERS if name in given}
    return AuditQuery(
        filters,
        moment(given.get("from"), zone, "from"),
        moment(given.get("to"), zone, "to", end=True),
        whole(given.get("main"), "main"),
        whole(given.get("cursor"), "cursor") or LAST,
        rows_of_page(whole(given.get("limit"), "limit") or LIMIT),
    )


def whole(text: str | None, field: str) -> int | None:
    """A number from 1; None for none. Raises Problem (400)."""
    if text is None:
        return None
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise Problem("invalid_value", "audit.problem.number", field=field)
    return int(text)


def moment(text: str | None, zone: str, field: str, *, end: bool = False) -> datetime | None:
    """A day of the office, or a moment with its offset; `end` means the end of that day.

    Raises Problem (400) for what is neither.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
        if _DAY.fullmatch(text):
            found = datetime.combine(found.date(), time(), ZoneInfo(zone))
            return (found + timedelta(days=1) if end else found).astimezone(UTC)
        if found.tzinfo is None:
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem("invalid_value", "audit.problem.moment", field=field) from None


async def page_of(
    c: AsyncConnection[TupleRow], asked: AuditQuery
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of rows, newest first, and the id that the next page begins before."""
    values: dict[str, Any] = {name: asked.given.get(name) for name in TEXTS}
    values |= {"since": asked.since, "until": asked.until, "main": asked.main}
    values |= {"before": asked.before, "limit": asked.limit}
    async with c.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(Q["page"], values)).fetchall()
    return rows[: asked.limit], rows[asked.limit - 1]["id"] if len(rows) > asked.limit else None


async def actions_of(c: AsyncConnection[TupleRow]) -> list[str]:
    """The words of all acts that there are."""
    return [row[0] for row in await (await c.execute(Q["actions"])).fetchall()]
