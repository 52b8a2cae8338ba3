"""The office's clock in Python, as `data.office_now()` is in SQL, and which days can be meant."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

FIRST_DAY: Final = date(2000, 1, 1)
"""No record is of an earlier day: such a one is a slip of the pen."""
AHEAD: Final = timedelta(days=5 * 366)
"""How far a day by which something is due may lie ahead: five years."""


def office_now(settings: Settings) -> datetime:
    """The moment that cases go by, with its offset: now, and in practice some days later."""
    return datetime.now(UTC) + timedelta(days=settings.practice_days)


def demand_day(day: date | None, settings: Settings, field: str) -> None:
    """Raise Problem (400, naming the field) for a day that nobody means."""
    last = office_now(settings).date() + AHEAD
    if day is not None and not FIRST_DAY <= day <= last:
        key = "hazards.no_such_day"
        raise Problem("invalid_value", key, field=field, first=FIRST_DAY, last=last)
