"""The ten indicators (docs/board.md): pure functions of what was counted, known = 0 is None."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from gridwarden.hazards.board.counted import Counted


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`; `rows` name the counts behind both. Nothing of nothing is no figure."""

    part: int
    whole: int
    rows: tuple[str, str]

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def n(self) -> int:
        return self.whole


@dataclass(frozen=True, slots=True)
class Hours:
    """A median of working hours over `n` cases."""

    value: float | None
    n: int
    rows: tuple[str, ...] = ("timed",)


Found = Share | Hours


def surveyed(c: Counted) -> Share:
    """R1 排查率: surveyed of known."""
    return Share(c.surveyed, c.known, ("surveyed", "known"))


def rectified(c: Counted) -> Share:
    """R2 整改率: closed of found; what was struck off is in neither."""
    return Share(c.closed, c.found, ("closed", "found"))


def on_time(c: Counted) -> Share:
    """R3 按期整改率: closed by the due day, of those whose due day has come. An extension moves it
    only when it was approved before it.
    """
    return Share(c.on_time, c.due, ("on_time", "due"))


def overdue(c: Counted) -> Share:
    """R4 超期率: past due, of the open ones."""
    return Share(c.overdue, c.open, ("overdue", "open"))


def rechecked(c: Counted) -> Share:
    """R5 复查率: checked again, of those said to be rectified."""
    return Share(c.rechecked, c.claimed, ("rechecked", "claimed"))


def passed(c: Counted) -> Share:
    """R6 复查合格率: passed at the first check, of those that had one."""
    return Share(c.first_passed, c.first_checked, ("first_passed", "first_checked"))


def recurred(c: Counted) -> Share:
    """R7 复发率: opened again within the days of the definitions, of the closings."""
    return Share(c.recurred, c.closings, ("recurred", "closings"))


def hours(c: Counted) -> Hours:
    """R8 平均处置时长: median working hours from registering to closing, of closed ones alone."""
    return Hours(c.hours, c.timed)


def truthful(c: Counted) -> Share:
    """R9 真实性: visits in which nothing was missing from the ledger or false in it."""
    return Share(c.spot_checked - c.missed - c.false, c.spot_checked, ("truthful", "spot_checked"))


def resolved(c: Counted) -> Share:
    """R10 重大隐患化解率: taken off the list of supervision, of those ever put on it."""
    return Share(c.delisted, c.listed, ("delisted", "listed"))


INDICATORS: Final[Mapping[str, Callable[[Counted], Found]]] = {
    "R1": surveyed,
    "R2": rectified,
    "R3": on_time,
    "R4": overdue,
    "R5": rechecked,
    "R6": passed,
    "R7": recurred,
    "R8": hours,
    "R9": truthful,
    "R10": resolved,
}
HOURS: Final = ("R8",)
"""Those that are hours and no share."""


def wilson(part: int, whole: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share at a two-sided confidence between 0 and 1.

    Raises ValueError for an empty whole, a part outside it, or no confidence.
    """
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    if not 0 <= part <= whole or whole == 0:
        raise ValueError(f"no share: {part} of {whole}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, square = part / whole, z * z
    middle = share + square / (2 * whole)
    half = z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    low, high = (middle - half) / (1 + square / whole), (middle + half) / (1 + square / whole)
    # The ends of an empty or full share are 0 and 1; only rounding says otherwise.
    return (0.0 if part == 0 else max(0.0, low), 1.0 if part == whole else min(1.0, high))
