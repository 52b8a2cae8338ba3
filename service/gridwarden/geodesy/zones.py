"""CGCS2000's Gauss–Krüger zones as EPSG codes: of 3° and 6°, with the zone's number before the
easting and without it.

A zone of 6° without its number is the zone of 3° of the same central meridian: the same numbers.
"""

from dataclasses import dataclass
from typing import Final, Literal

Width = Literal[3, 6]

MERIDIANS: Final = tuple(range(75, 136, 3))
"""Central meridians of China's 3° zones, degrees east."""
_NUMBERED: Final = {3: (4513, 25), 6: (4491, 13)}
"""Width → EPSG code of the first zone whose number stands before its eastings, and that number."""
_PLAIN: Final = {3: 4534, 6: 4502}
_LAST: Final = {3: 45, 6: 23}


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone: `number` is None where it does not stand before the eastings."""

    meridian: int
    width_deg: Width
    number: int | None


def numbered_zone(zone: int, width_deg: Width) -> int:
    """EPSG code of the zone whose number stands before its eastings (38 → 4526 of 3° zones).

    Raises ValueError for a zone outside 25–45 (3°), 13–23 (6°).
    """
    code, first = _NUMBERED[width_deg]
    if not first <= zone <= _LAST[width_deg]:
        raise ValueError(f"China has no zone {zone} of {width_deg}°")
    return code + zone - first


def meridian_zone(meridian: int, width_deg: Width = 3) -> int:
    """EPSG code of the zone of this central meridian without number (114 → 4547).

    Raises ValueError for a meridian that is none of 75, 78 … 135 (of 6° zones: 75, 81 … 135).
    """
    if not 75 <= meridian <= 135 or (meridian - 75) % width_deg:
        raise ValueError(f"China has no zone of {width_deg}° around {meridian}° east")
    return _PLAIN[width_deg] + (meridian - 75) // width_deg


def zone_of(epsg: int | None) -> Zone | None:
    """The zone that an EPSG code names; None for any other system."""
    if epsg is None:
        return None
    for width, first in ((3, 25), (6, 13)):
        code, n = _NUMBERED[width][0], _LAST[width] - first + 1
        if code <= epsg < code + n:
            return Zone(75 + width * (epsg - code), width, first + epsg - code)  # type: ignore[arg-type]
        if _PLAIN[width] <= epsg < _PLAIN[width] + n:
            return Zone(75 + width * (epsg - _PLAIN[width]), width, None)  # type: ignore[arg-type]
    return None
