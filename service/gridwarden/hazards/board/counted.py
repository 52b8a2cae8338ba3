"""What the database counted of one group on one day: all that an indicator may know."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Counted:
    """Cases, cycles and records of one district, organisation or rule family up to a day's cut-off.

    A cycle begins when a case is registered or opened again and ends when it is closed. Cases that
    were struck off (invalid, duplicates) are in none of them. `hours` and `open_hours` are medians
    of working hours; None where there is nothing to take a median of, as for stocks nobody counted.
    """

    found: int = 0
    closed: int = 0
    due: int = 0
    on_time: int = 0
    open: int = 0
    overdue: int = 0
    overdue_major: int = 0
    claimed: int = 0
    rechecked: int = 0
    first_checked: int = 0
    first_passed: int = 0
    returned: int = 0
    closings: int = 0
    recurred: int = 0
    timed: int = 0
    hours: float | None = None
    open_hours: float | None = None
    late: int = 0
    known: int = 0
    surveyed: int = 0
    spot_checked: int = 0
    missed: int = 0
    false: int = 0
    listed: int = 0
    delisted: int = 0
    households: int | None = None
    buildings: int | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None and value < 0:
                raise ValueError(f"{one.name} is {value}: less than nothing was counted")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a document that holds at least these counts; what is absent keeps its default."""
        return cls(**{f.name: row[f.name] for f in fields(cls) if f.name in row})


CASE_FIGURES = (
    *("found", "closed", "due", "on_time", "open", "overdue", "overdue_major", "claimed"),
    *("rechecked", "first_checked", "first_passed", "returned", "closings", "recurred", "timed"),
    "late",
)
"""The counts that are sums over cases, whose rows are cases."""
