"""Numbers as people write them: with a unit, with thousands parted, a pipe's size as Φ219×6."""

import re
from dataclasses import dataclass
from typing import Any, Final

from gridwarden.intake.formats.headers import COUNTS, UNITS, conversion, unit_of_column
from gridwarden.intake.spelling import BadValueError, plain, says_nothing

_NUMBER: Final = re.compile(r"^([+-]?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)\s*([^\d\s]\S*)?$")
_THOUSANDS: Final = re.compile(r"^([+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?)\s*([^\d\s,]\S*)?$")
_COUNTED: Final = COUNTS - {"%", "‰", "°", "度", "年", "月", "日"}
_SIZE: Final = re.compile(
    r"^(?P<sign>dn|de|d|φ|ø|⌀|phi)?\s*(?P<size>\d+(?:[.,]\d+)?)\s*(?:mm)?"
    r"(?:\s*[×x*✕]\s*(?:δ\s*=?\s*)?(?P<wall>\d+(?:\.\d+)?))?\s*(?:mm)?$"
)
DIAMETERS: Final = ("dn", "od_mm", "wall_mm")
"""Columns that one written size may fill."""
_THIN: Final = 5.0
"""A size times something is a pipe and its wall from this ratio on; 500×400 is a duct."""
_STEEL: Final = 25.0
"""Diameter to wall: polyethylene is thicker (SDR 11, 17.6)."""
_DN_OF: Final = {
    21.3: 15, 26.9: 20, 33.7: 25, 42.4: 32, 48.3: 40, 57.0: 50, 60.3: 50, 76.0: 65, 76.1: 65,
    88.9: 80, 89.0: 80, 108.0: 100, 114.0: 100, 114.3: 100, 133.0: 125, 139.7: 125, 140.0: 125,
    159.0: 150, 168.0: 150, 168.3: 150, 219.0: 200, 219.1: 200, 273.0: 250, 323.9: 300,
    325.0: 300, 355.6: 350, 377.0: 350, 406.4: 400, 426.0: 400, 457.0: 450, 478.0: 450,
    480.0: 450, 508.0: 500, 529.0: 500, 530.0: 500, 610.0: 600, 630.0: 600, 711.0: 700,
    720.0: 700, 813.0: 800, 820.0: 800, 914.0: 900, 920.0: 900, 1016.0: 1000, 1020.0: 1000,
}  # fmt: skip
"""Outer diameter of a steel pipe in mm → its nominal diameter."""
_ALSO_PLASTIC: Final = frozenset({140.0, 630.0})
"""Sizes of polyethylene, too, whose nominal is its outer diameter."""


@dataclass(frozen=True, slots=True)
class Size:
    """A pipe's size in mm; None for what was not written."""

    dn: float | None = None
    od_mm: float | None = None
    wall_mm: float | None = None


def number_of(value: Any, column: str, factor: float) -> tuple[float, float] | None:
    """The number and the factor that makes it the column's; None where there is no value.

    A unit beside the number wins over `factor`, the header's. Raises BadValueError.
    """
    if isinstance(value, bool):
        raise BadValueError("bad_number")
    if isinstance(value, (int, float)):
        try:
            return float(value), factor
        except OverflowError:
            raise BadValueError("bad_number") from None
    spelt = plain(str(value))
    if says_nothing(spelt):
        return None
    try:
        return float(spelt), factor
    except ValueError:
        pass
    if column in DIAMETERS and (size := size_of(spelt)) is not None:
        found = getattr(size, column)
        if found is None:
            raise BadValueError("bad_number")
        return found, 1.0
    return _with_unit(spelt, column, factor)


def _with_unit(spelt: str, column: str, factor: float) -> tuple[float, float]:
    parted = _THOUSANDS.match(spelt)
    found = parted or _NUMBER.match(spelt)
    if not found:
        raise BadValueError("bad_number")
    number = float(found[1].replace(",", "" if parted else "."))
    unit = found[2]
    if not unit:
        return number, factor
    if unit in UNITS:
        own = conversion(unit, column)
        if own is not None:
            return number, own
    elif unit in _COUNTED and unit_of_column(column) is None:
        return number, factor
    raise BadValueError("bad_number")


def size_of(spelt: str) -> Size | None:
    """A pipe's size (as `plain` gives it): DN200, de110, Φ219×6, D219*6; None for anything else.

    DN is nominal; de, Φ and a size with its wall are the outer diameter.
    """
    found = _SIZE.match(spelt)
    if not found or not (found["sign"] or found["wall"]):
        return None
    size = float(found["size"].replace(",", "."))
    wall = float(found["wall"]) if found["wall"] else None
    if wall is not None and (wall <= 0 or size / wall < _THIN or found["sign"] == "dn"):
        return None
    if found["sign"] == "dn":
        return Size(dn=size)
    if found["sign"] == "de":
        return Size(size, size, wall)
    if found["sign"] == "d" and wall is None and size not in _DN_OF:
        return Size(dn=size)
    return Size(_nominal(size, wall), size, wall)


def outer_of(value: Any, part: str) -> float | None:
    """The outer diameter or the wall (mm) in a field of diameters, written like Φ219×6."""
    size = size_of(plain(value)) if isinstance(value, str) else None
    return None if size is None else getattr(size, part)


def _nominal(size: float, wall: float | None) -> float:
    """The nominal diameter of an outer one: by the table of steel pipes, else the same."""
    plastic = size in _ALSO_PLASTIC if wall is None else size / wall < _STEEL
    return size if plastic else float(_DN_OF.get(size, size))
