"""Which days are worked: the library's years, and those that an office tells by TOML.

The State Council tells a year's holidays and make-up days (调休) in the autumn before it; the
library `chinesecalendar` has them some weeks later, in a new release. Of a year that neither it nor
the office has told, weekends are all that is known, and whatever is counted into it says so.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from importlib.metadata import version
from typing import Annotated, Any, Final

import chinese_calendar
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gridwarden.hazards.deadlines.table import fitting

SATURDAY: Final = 5


class Rest(BaseModel):
    """One holiday: its days, both ends among them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=60)]
    first: date
    last: date

    @property
    def days(self) -> Iterator[date]:
        """Each day of it."""
        return (self.first + timedelta(n) for n in range((self.last - self.first).days + 1))


class Year(BaseModel):
    """A year as an office tells it: who said so, the holidays, and the weekend days worked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: Annotated[int, Field(strict=True, ge=2000, le=2200)]
    source: Annotated[str, Field(min_length=1, max_length=300)]
    rest: Annotated[tuple[Rest, ...], Field(min_length=1, max_length=30)]
    work: Annotated[tuple[date, ...], Field(max_length=40)] = ()

    @model_validator(mode="after")
    def _of_this_year(self) -> "Year":
        if any(one.last < one.first or (one.last - one.first).days > 30 for one in self.rest):
            raise ValueError("a holiday ends before it begins, or lasts over a month")
        rest = [day for one in self.rest for day in one.days]
        for day in (*rest, *self.work):
            if day.year != self.year:
                raise ValueError(f"{day} is not of {self.year}")
        if len(set(rest)) < len(rest) or len(set(self.work)) < len(self.work):
            raise ValueError("a day stands twice")
        if both := sorted(set(rest) & set(self.work)):
            raise ValueError(f"{both[0]} is worked and not worked")
        if odd := [day for day in self.work if day.weekday() < SATURDAY]:
            raise ValueError(f"{odd[0]} is a weekday: it is worked anyhow")
        return self

    def days(self) -> list[dict[str, Any]]:
        """The days that differ from the week, as the database takes them."""
        made = [
            {"day": day.isoformat(), "working": False, "name": one.name}
            for one in self.rest
            for day in one.days
        ]
        return made + [{"day": d.isoformat(), "working": True, "name": ""} for d in self.work]


def read_year(text: str) -> Year:
    """The year that a TOML tells. Raises Problem `invalid_value` naming what is wrong."""
    return fitting(Year, text)


def library_years() -> dict[int, list[dict[str, Any]]]:
    """What the library knows, by year, as the database takes it."""
    named = {one.value: f"{one.chinese} {one.value}" for one in chinese_calendar.Holiday}
    years: dict[int, list[dict[str, Any]]] = {}
    for worked, days in ((False, chinese_calendar.holidays), (True, chinese_calendar.workdays)):
        for day, name in days.items():
            row = {"day": day.isoformat(), "working": worked, "name": named.get(name, name)}
            years.setdefault(day.year, []).append(row)
    return years


def library() -> str:
    """The library and its version, as a source."""
    return f"chinesecalendar {version('chinesecalendar')}"
