"""What is asked of the board: day, grouping, figure; read strictly."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.hazards.board.counted import CASE_FIGURES
from gridwarden.words.asked import check_choices, given_of, limit_of, whole
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "", "board.sql")
BY: Final = ("district", "organisation", "family")
GRADES: Final = ("general", "serious", "major", "none")
LEDGER: Final = ("opening", "moved", "new", "reopened", "late", "closed", "struck", "closing")
"""The columns of the ledger, in the order in which they are told."""
LATER: Final = "entered_later"
BOARD_FIGURES: Final = (*CASE_FIGURES, "listed", "delisted")
FORMATS: Final = ("json", "csv", "xlsx")
FIRST: Final = date(1990, 1, 1)
MOST_DAYS: Final = 92
NONE: Final = "none"
"""How the group of cases without a district or organisation is asked for."""

Connection = AsyncConnection[TupleRow]


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """The rows behind one figure of the board, or of a day's ledger. `key` None: all groups."""

    day: date
    by: str
    key: str | None
    figure: str
    grade: str | None
    limit: int
    after: int

    @property
    def values(self) -> dict[str, Any]:
        """What the statements take."""
        return {name: getattr(self, name) for name in self.__slots__}

    def address(self, path: str, **more: object) -> str:
        """The address of these rows under another path or with other parameters."""
        named = {"day": self.day, "by": self.by, "key": self.key, "grade": self.grade}
        told = {**named, "figure": self.figure, **more}
        return f"{path}?{urlencode({k: v for k, v in told.items() if v is not None})}"


async def today_of(c: Connection) -> date:
    """The day that is being reported."""
    row = await (await c.execute(Q["today"])).fetchone()
    assert row is not None
    day: date = row[0]
    return day


def day_of(text: str, field: str, today: date) -> date:
    """A day up to the one that is being reported. Raises Problem (400)."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        day = None
    if day is None or day < FIRST:
        raise Problem("invalid_value", "board.bad_day", field=field)
    if day > today:
        raise Problem("invalid_value", "board.day_to_come", field=field)
    return day


def days_of(given: Mapping[str, str], today: date) -> tuple[date, date]:
    """`from` and `to`, at most three months: the last seven days where nothing is said."""
    until = day_of(given["to"], "to", today) if "to" in given else today
    since = day_of(given["from"], "from", today) if "from" in given else until - timedelta(days=6)
    if since > until:
        raise Problem("invalid_value", "time.turned_around", field="from")
    if (until - since).days >= MOST_DAYS:
        raise Problem("invalid_value", "board.too_many_days", field="from", most=MOST_DAYS)
    return since, until


def asked_for(items: Iterable[tuple[str, str]], *known: str) -> dict[str, str]:
    """The parameters that were said; empty ones were not. Raises Problem (400)."""
    filled = [(name, value) for name, value in items if value]
    given = given_of(filled, (*known, "lang"), {})
    check_choices(given, {"by": BY, "format": FORMATS, "grade": GRADES})
    return given


def rows_query(items: Iterable[tuple[str, str]], figures: Iterable[str], today: date) -> RowsQuery:
    """The rows behind a figure. Raises Problem (400)."""
    given = asked_for(items, "day", "by", "key", "figure", "grade", "limit", "cursor")
    check_choices(given, {"figure": tuple(figures)})
    for name in ("by", "figure"):
        if name not in given:
            raise Problem("missing_value", field=name)
    return RowsQuery(
        day_of(given["day"], "day", today) if "day" in given else today,
        given["by"],
        given.get("key"),
        given["figure"],
        given.get("grade"),
        limit_of(given),
        whole(given.get("cursor", "0"), "cursor", least=0),
    )
