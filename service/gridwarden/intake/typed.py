"""Positions as people type or paste them: pairs, degrees and minutes, numbered lines, WKT.

One position on a line, or several with semicolons between them. A line may begin with the
number of its point; a third number is a height and is left out. Which number is the northing is
told only by what stands beside it (N, 北纬, Y=…); else it stays open.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridwarden.geodesy import axes_of
from gridwarden.intake.bodies import FULL_WIDTH
from gridwarden.intake.formats.claim import DEGREES, Claim
from gridwarden.intake.formats.positions import BadPositionError, coordinate

MAX_TYPED: Final = 20_000
"""Positions that are read at all; how many may be asked about is the area's to say."""
MOST_NUMBERS: Final = 4
"""Of one line: a point's number, two coordinates and a height."""
_SIDE: Final = "东经|西经|北纬|南纬|[EWNSewns]"
_LABEL: Final = (
    r"(?P<label>经度|纬度|longitude|latitude|lon|lng|lat|[xy](?:坐标)?|[东北](?:坐标)?)\s*[:=]?\s*"
)
_DMS: Final = (
    r"\d{1,3}\s*[°º˚度]\s*\d{1,2}(?:\.\d+)?\s*['′’‘分]"
    r"(?:\s*\d{1,2}(?:\.\d+)?\s*(?:[\"″”“秒]|''|′′|’’)?)?"
)
_FIGURE: Final = rf"(?:{_DMS}|[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:\s*[°º˚度])?)"
_TOKEN: Final = re.compile(
    rf"(?:{_LABEL})?(?P<number>(?:{_SIDE})\s*[:=]?\s*{_FIGURE}|{_FIGURE}(?:\s*(?:{_SIDE}|米|m)(?![A-Za-z]))?)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"(?!东经|西经|北纬|南纬|经度|纬度|lon|lat|lng)"
    r"(?:[A-Za-z]|(?=[^\s,;=]*\d)[A-Za-z\u4e00-\u9fff][^\s,;=]{0,11})(?=[\s,:])",
    re.IGNORECASE,
)
"""A point's name before its numbers: J1, 拐点3, A."""
_BETWEEN: Final = re.compile(r"[\s,|/]+")
_PAIRS: Final = re.compile(
    r"\s*[-+]?[\d.]+,[-+]?[\d.]+(?:,[-+]?[\d.]+)?(?:\s+[-+]?[\d.]+,[-+]?[\d.]+(?:,[-+]?[\d.]+)?)+\s*"
)
_WKT: Final = re.compile(
    r"\s*(?:SRID=(?P<epsg>\d{4,6});)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*(?:ZM?|M)?\s*\(",
    re.I,
)
_LON: Final = ("经度", "longitude", "lon", "lng")
_LAT: Final = ("纬度", "latitude", "lat")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: shapes in their own numbers, and what they say of whose they are."""

    shapes: tuple[BaseGeometry, ...]
    claim: Claim


@dataclass(frozen=True, slots=True)
class _Number:
    value: float
    axis: str | None
    degrees: bool


def typed(text: str) -> Typed | None:
    """The positions or the WKT of a text; None for anything else."""
    plain = text.translate(FULL_WIDTH).strip()
    found = _WKT.match(plain)
    if found:
        return _wkt(plain, found["epsg"])
    parts = [part for part in re.split(r"[;\n\r]+", plain) if part.strip(" \t()[]")]
    if not 1 <= len(parts) <= MAX_TYPED:
        return None
    if len(parts) == 1 and _PAIRS.fullmatch(parts[0]):
        parts = parts[0].split()
        if len(parts) > MAX_TYPED:
            return None
    return _lines(parts, named=False) or _lines(parts, named=True)


def _lines(parts: Sequence[str], *, named: bool) -> Typed | None:
    lines = [_numbers(part, named=named) for part in parts]
    if any(not line for line in lines) or len({len(line or ()) for line in lines}) != 1:
        return None
    return _listed([line for line in lines if line])


def is_wkt(text: str) -> bool:
    """Whether a text begins as WKT does."""
    return _WKT.match(text.translate(FULL_WIDTH)) is not None


def outline(places: Sequence[tuple[float, float]]) -> BaseGeometry:
    """One position is a point, two are a line, three or more the corners of an outline, closed
    here because nobody types the first one twice."""
    if len(places) < 3:
        return shapely.Point(places[0]) if len(places) == 1 else shapely.LineString(places)
    ring = list(places) if places[0] == places[-1] else [*places, places[0]]
    return shapely.Polygon(ring) if len(ring) > 3 else shapely.LineString(places[:2])


def _wkt(text: str, epsg: str | None) -> Typed | None:
    try:
        shape = shapely.from_wkt(text.partition(";")[2] if epsg else text, on_invalid="ignore")
    except ValueError:  # letters that are no letters
        return None
    if shape is None or shape.is_empty:
        return None
    system = f"EPSG:{epsg}" if epsg else None
    return Typed((shape,), Claim(system, "wkt_srid" if epsg else "typed", None, system or ""))


def _numbers(part: str, *, named: bool) -> list[_Number] | None:
    """The two or more numbers of one line, its name left out; None where anything else stands."""
    text = part.strip().strip("()[]").strip()
    at = 0
    name = _NAME.match(text) if named else None
    if name:
        at = name.end()
    out: list[_Number] = []
    while at < len(text):
        gap = _BETWEEN.match(text, at)
        at = gap.end() if gap else at
        if at == len(text):
            break
        token = _TOKEN.match(text, at)
        if token is None or (out and not gap and token["label"] is None and out[-1].axis is None):
            return None
        number = _number(token["number"], (token["label"] or "").lower())
        if number is None:
            return None
        out.append(number)
        if len(out) > MOST_NUMBERS:
            return None
        at = token.end()
    return out


def _number(spelt: str, label: str) -> _Number | None:
    label = label.removesuffix("坐标")
    axis = "lon" if label in _LON else "lat" if label in _LAT else label or None
    if axis is None:
        sides = re.findall(r"东经|西经|北纬|南纬|[EWNSewns]", spelt)
        if sides:
            axis = "lon" if sides[0].lower() in ("东经", "西经", "e", "w") else "lat"
    kind = axis if axis in ("lon", "lat") else "plane"
    degrees = kind != "plane" or bool(re.search(r"[°º˚度'′’‘分]", spelt))
    try:
        value = coordinate(spelt, "lat" if axis == "lat" else "lon" if degrees else "plane")
    except BadPositionError:
        return None
    return None if value is None else _Number(value, axis, degrees)


def _listed(lines: list[list[_Number]]) -> Typed | None:
    """Lines of equally many numbers as one shape."""
    axes = [number.axis for number in lines[0]]
    if any([number.axis for number in line] != axes for line in lines):
        return None
    columns = np.array([[number.value for number in line] for line in lines]).T
    chosen = _named_columns(axes) or _plain_columns(columns, axes)
    if chosen is None:
        return None
    one, other, north_first = chosen
    degrees = all(line[one].degrees and line[other].degrees for line in lines)
    claim = Claim(DEGREES if degrees else None, "typed", north_first)
    places = list(zip(columns[one].tolist(), columns[other].tolist(), strict=True))
    return Typed((outline(places),), claim)


def _named_columns(axes: Sequence[str | None]) -> tuple[int, int, bool | None] | None:
    """Where east and north stand, as their labels say."""
    for east, north, order in (("lon", "lat", False), ("东", "北", False), ("x", "y", None)):
        if axes.count(east) == 1 and axes.count(north) == 1:
            return axes.index(east), axes.index(north), order
    return None


def _plain_columns(
    columns: np.ndarray[tuple[int, ...], np.dtype[np.float64]], axes: Sequence[str | None]
) -> tuple[int, int, bool | None] | None:
    """The two columns of numbers that nobody labels: after a running number, before a height."""
    if any(axes) or not 2 <= len(columns) <= 4:
        return None
    if len(columns) == 2:
        return 0, 1, None
    running = bool((columns[0] == np.round(columns[0])).all()) and (
        len(columns[0]) == 1 or bool((np.diff(columns[0]) >= 0).all())
    )
    first_two = axes_of(columns[0], columns[1])
    numbered = axes_of(columns[1], columns[2])
    if len(columns) == 4:
        return (1, 2, None) if running else None
    if numbered.kind == "plane" and first_two.kind != "plane":
        return 1, 2, None
    if first_two.kind == "plane":
        return 0, 1, None
    if running and numbered.kind == "degrees" and columns[0].max() <= len(columns[0]) * 10:
        return 1, 2, None
    return (
        (0, 1, None) if first_two.kind == "degrees" and first_two.north_first is not None else None
    )
