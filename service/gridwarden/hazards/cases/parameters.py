"""What a request for cases asks, read strictly: an unknown filter would answer too much."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.life_cycle import LIFE_CYCLE
from gridwarden.words.asked import check_choices, given_of, limit_of
from gridwarden.words.problems import Problem

OPEN: Final = "open"
"""A filter of states: all in which a registered case waits for somebody."""
OPEN_STATES: Final = tuple(s for s in LIFE_CYCLE.states if s not in (*LIFE_CYCLE.final, "found"))
GRADES: Final = ("major", "serious", "general")
SOURCES: Final = (
    *("screening", "self_check", "inspection", "patrol"),
    *("spot_check", "report", "monitoring"),
)
YES: Final = ("true", "false")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "state": (OPEN, *LIFE_CYCLE.states),
    "grade": GRADES,
    "category": CATEGORIES,
    "source": SOURCES,
    "overdue": YES,
    "reopened": YES,
}
NAMED: Final = ("district", "grid", "org")
"""Filters that name a record by number, code or name."""
FILTERS: Final = (*CHOICES, "family", *NAMED, "due_before", "q")
SORTS: Final = ("newest", "oldest", "due", "worst", "number")
KNOWN: Final = (*FILTERS, "sort", "limit", "cursor", "lang")
_CURSOR: Final = re.compile(r"([0-9TZ:.+\- ]{0,40})~([0-9]{1,18})")
_NUMBER: Final = re.compile(r"[0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class CasesQuery:
    """The filters of a list of cases, its order, and where it goes on.

    `after`: the sort's value of the last row, as text, and its id. `due_before`: cases due before
    that moment, or that day's end.
    """

    filters: Mapping[str, str]
    sort: str = "newest"
    limit: int = 100
    after: tuple[str, int] | None = None
    due_before: datetime | None = None

    @property
    def states(self) -> list[str] | None:
        """The states asked for; None for all."""
        state = self.filters.get("state")
        return None if state is None else list(OPEN_STATES if state == OPEN else (state,))

    def address(self, path: str, **more: str) -> str:
        """The address with these filters."""
        asked = dict(self.filters)
        if self.sort != SORTS[0]:
            asked["sort"] = self.sort
        asked |= more
        return path + (f"?{urlencode(asked)}" if asked else "")

    def following(self, after: tuple[str, int]) -> str:
        """The address of the API's next page."""
        return self.address("/api/hazards", limit=str(self.limit), cursor="{}~{}".format(*after))


def cases_query(
    items: Iterable[tuple[str, str]], zone: str, *, limit: int | None = None
) -> CasesQuery:
    """Read the query parameters. Raises Problem (400) naming the one that is wrong.

    An empty one asks for nothing, as a page's form sends it. `limit` fixes the rows of a page.
    """
    given = given_of([(name, value) for name, value in items if value], KNOWN, CHOICES)
    check_choices(given, {"sort": SORTS})
    return CasesQuery(
        {name: given[name] for name in FILTERS if name in given},
        given.get("sort", SORTS[0]),
        limit_of(given) if limit is None else limit,
        _after(given),
        _until(given.get("due_before"), zone),
    )


def _until(text: str | None, zone: str) -> datetime | None:
    """The end of a day in the office's time zone, or a moment with its offset; either may come."""
    if text is None:
        return None
    try:
        told = datetime.fromisoformat(text)
        if len(text) == len("2026-11-21"):
            return told.replace(tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    except (ValueError, OverflowError):
        told = datetime.min
    if told.tzinfo is None:
        raise Problem("invalid_value", "hazards.bad_due_before", field="due_before")
    return told


def _after(given: Mapping[str, str]) -> tuple[str, int] | None:
    if "cursor" not in given:
        return None
    found = _CURSOR.fullmatch(given["cursor"])
    wrong = Problem("invalid_value", "hazards.bad_cursor", field="cursor")
    if found is None:
        raise wrong
    sort, value = given.get("sort", SORTS[0]), found[1]
    try:
        if sort in ("newest", "oldest", "due") and value:
            if datetime.fromisoformat(value).tzinfo is None:
                raise wrong
        elif sort == "worst":
            rank, _, moment = value.partition(" ")
            if rank not in tuple("1234") or datetime.fromisoformat(moment).tzinfo is None:
                raise wrong
        elif sort == "number" and value and not _NUMBER.fullmatch(value):
            raise wrong
    except ValueError:
        raise wrong from None
    return value, int(found[2])


def parameters() -> list[dict[str, Any]]:
    """The query parameters for openapi."""
    told: dict[str, tuple[dict[str, Any], str]] = {
        **{name: ({"enum": list(of)}, name) for name, of in CHOICES.items()},
        "family": ({"type": "string"}, "a rule family; report.CATEGORY for what people report"),
        "district": ({"type": "string"}, "id, code or name"),
        "grid": ({"type": "string"}, "id, code or name"),
        "org": ({"type": "string"}, "the responsible organisation: id, code or name"),
        "due_before": ({"type": "string"}, "due before a day's end, or a moment (RFC 3339)"),
        "q": (
            {"type": "string"},
            "words of place, description or foreign number; how a number begins",
        ),
        "sort": ({"enum": list(SORTS)}, "order"),
        "limit": ({"type": "integer", "minimum": 1}, "at most 1000"),
        "cursor": ({"type": "string"}, "from `next`"),
    }
    return [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": text}
        for name, (schema, text) in told.items()
    ]
