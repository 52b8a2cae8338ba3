"""Which number of a pair is the northing, and in which zone: told by the numbers alone.

In China the ranges are disjoint, so that this is decidable and nothing is guessed: a longitude is
73–136, a latitude 3–54; a Gauss–Krüger northing 1.9–6.1 million, an easting 100 000–900 000, with
the number of its 6° zone 13–23 million, with that of its 3° zone 25–45 million. Survey sheets call
the northing X, maps call the easting x, and both are called "x, y".

Strict on purpose: one pair of another range makes the whole `unknown`. A file whose rows were
joined from two zones, or of which some are swapped, would otherwise be read right for most rows
and wrong in silence for the rest. Only what is no place at all is passed over: a number that is
not finite, and the pair 0, 0.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Kind = Literal["degrees", "plane", "unknown"]

LON: Final = (73.0, 136.0)
LAT: Final = (3.0, 54.0)
NORTHING: Final = (1_900_000.0, 6_100_000.0)
EASTING: Final = (100_000.0, 900_000.0)
"""Metres, false easting 500 000; a zone is at most 660 km wide, and files overlap into the next."""
FIRST_ZONE: Final = {3: 25, 6: 13}
LAST_ZONE: Final = {3: 45, 6: 23}
_PREFIX: Final = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Axes:
    """What pairs of numbers are.

    `north_first` tells whether the first is the northing (or latitude), None where both orders
    are possible. `zone` is the number that stands before the easting, `zone_width_deg` the width
    of such zones; both None without one.
    """

    kind: Kind
    north_first: bool | None = None
    zone: int | None = None
    zone_width_deg: Literal[3, 6] | None = None


UNKNOWN: Final = Axes("unknown")


def axes_of(first: Numbers, second: Numbers) -> Axes:
    """What pairs of numbers are, when all of them agree; else `unknown`.

    Degrees outside China are known as such; their order only where one number is beyond ±90.
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    fine = np.isfinite(one) & np.isfinite(other) & ~((one == 0) & (other == 0))
    one, other = one[fine], other[fine]
    if not len(one):
        return UNKNOWN
    if max(np.abs(one).max(), np.abs(other).max()) <= 180:
        return _degrees(one, other)
    for north, east, north_first in ((one, other, True), (other, one, False)):
        if _within(north, NORTHING):
            found = _plane(east, north_first)
            if found is not UNKNOWN:
                return found
    return UNKNOWN


def _degrees(one: Numbers, other: Numbers) -> Axes:
    if _within(one, LON) and _within(other, LAT):
        return Axes("degrees", north_first=False)
    if _within(one, LAT) and _within(other, LON):
        return Axes("degrees", north_first=True)
    first_is_wide, second_is_wide = np.abs(one).max() > 90, np.abs(other).max() > 90
    if first_is_wide and second_is_wide:
        return UNKNOWN
    if first_is_wide or second_is_wide:
        return Axes("degrees", north_first=bool(second_is_wide))
    return Axes("degrees")


def _plane(east: Numbers, north_first: bool) -> Axes:
    if _within(east, EASTING):
        return Axes("plane", north_first)
    zones = np.unique(np.floor(east / _PREFIX))
    if len(zones) != 1 or not _within(east - zones[0] * _PREFIX, EASTING):
        return UNKNOWN
    zone = int(zones[0])
    if FIRST_ZONE[3] <= zone <= LAST_ZONE[3]:
        return Axes("plane", north_first, zone, 3)
    if FIRST_ZONE[6] <= zone <= LAST_ZONE[6]:
        return Axes("plane", north_first, zone, 6)
    return UNKNOWN


def _within(values: Numbers, bounds: tuple[float, float]) -> bool:
    return bool(values.min() >= bounds[0] and values.max() <= bounds[1])
