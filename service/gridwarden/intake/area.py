"""A place that somebody asks about, checked and turned into metres; it is never changed silently.

Positions are east before north (longitude before latitude) as GeoJSON has them, whatever order the
CRS itself states. Refusals are Problems that name the member that holds it, and the place.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from gridwarden.geodesy import CrsRefusedError, Reading, WorkingCrs, reading_of
from gridwarden.intake.formats.crs_member import crs_members, crs_name
from gridwarden.words.problems import Problem

DEPTHS: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How many lists stand around a position of each kind."""
MAX_POSITIONS: Final = 2_000
MAX_ACROSS_M: Final = 10_000
"""A line has no area, and far parts have little: neither may feel out a city in one question."""
_EPSG: Final = re.compile(
    r"(?:epsg:|urn:ogc:def:crs:epsg:[0-9.]*:|https?://www\.opengis\.net/def/crs/epsg/[0-9.]+/)?"
    r"([0-9]{4,6})"
)
_CRS84: Final = "http://www.opengis.net/def/crs/ogc/1.3/crs84"
LONLAT: Final = frozenset({"", "crs84", "ogc:crs84", "urn:ogc:def:crs:ogc:1.3:crs84", _CRS84})

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """A valid place: `metres` in the working CRS (given to SQL as GeoJSON), `lonlat` for people.

    `accuracy_m` is what the conversion adds to its place (95 %, metres); `system` is the name of
    the system that it was read in, None for longitude and latitude.
    """

    metres: BaseGeometry
    lonlat: Position
    accuracy_m: float
    system: str | None = None

    def geojson(self) -> dict[str, Any]:
        """The geometry in the working CRS; its numbers lose nothing on the way."""
        return dict(mapping(self.metres))


class _Refused(Exception):  # noqa: N818  (becomes a Problem)
    """Why a place cannot be asked about: the end of a key of words, and what fills it."""

    def __init__(self, key: str, **params: Any) -> None:
        self.key = key
        self.params = params
        super().__init__(key)


def read_area(
    document: object,
    crs: str | None,
    epsg: int,
    buffer_m: float,
    km2: float,
    field: str = "area",
) -> Area:
    """A GeoJSON geometry or Feature, in `crs` (longitude and latitude when None), as an Area.

    `epsg` is the working CRS. Raises Problem, naming `field`, for whatever cannot be asked about:
    other kinds, bad numbers, open or crossing outlines, places outside the working CRS, more than
    `km2` with the buffer, more than 10 km across.
    """
    try:
        return _area(document, crs, epsg, buffer_m, km2)
    except _Refused as refused:
        key = f"areas.problem.{refused.key}"
        raise Problem("invalid_geometry", key, field=field, **refused.params) from None


def area_of(
    outline: BaseGeometry, reading: Reading, buffer_m: float, km2: float, field: str = "area"
) -> Area:
    """A shape in a reading's own numbers, as an Area.

    Raises Problem, naming `field`, as read_area does.
    """
    try:
        numbers = shapely.get_coordinates(outline)
        if not len(numbers):
            raise _Refused("short", what=outline.geom_type)
        if len(numbers) > MAX_POSITIONS:
            raise _Refused("too_many", limit=MAX_POSITIONS)
        if not np.isfinite(numbers).all() or np.abs(numbers).max() > 1e9:
            wrong = ~(np.isfinite(numbers) & (np.abs(numbers) <= 1e9)).all(axis=1)
            found = [float(n) for n in numbers[int(np.argmax(wrong))]]
            raise _Refused("position", found=_brief(found))
        outline = shapely.force_2d(outline)
        _check_valid(outline)
        return _checked(outline, reading, reading.working, buffer_m, km2)
    except _Refused as refused:
        key = f"areas.problem.{refused.key}"
        raise Problem("invalid_geometry", key, field=field, **refused.params) from None


def _area(document: object, crs: str | None, epsg: int, buffer_m: float, km2: float) -> Area:
    given = _geometry_of(document)
    working = _working(epsg)
    system = crs if crs is not None else _named_crs(document)
    reading = _reading(system, working)
    outline = shape(_plain(given, reading is None or reading.geographic, epsg))
    _check_valid(outline)
    return _checked(outline, reading, working, buffer_m, km2)


@lru_cache(maxsize=32)
def _working(epsg: int) -> WorkingCrs:
    """The working CRS, looked up once: that costs more than to judge a small area."""
    return WorkingCrs(epsg)


def _checked(
    outline: BaseGeometry,
    reading: Reading | None,
    working: WorkingCrs,
    buffer_m: float,
    km2: float,
) -> Area:
    """The valid outline in metres, where the working CRS holds it and one may ask so much."""
    metres = _to_metres(outline, reading, working)
    _check_valid(metres, working)
    _check_size(metres, buffer_m, km2)
    x, y = metres.representative_point().coords[0]
    lon, lat = working.lonlat(np.array([x]), np.array([y]))
    added, system = (reading.accuracy_m, reading.name) if reading else (0.0, None)
    return Area(metres, (float(lon[0]), float(lat[0])), added, system)


def _geometry_of(document: object) -> Mapping[str, Any]:
    """The one geometry of a geometry, a Feature, or a collection of one Feature."""
    if not isinstance(document, Mapping):
        raise _Refused("kind", found=_brief(document))
    kind = document.get("type")
    found: Any = document
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list) or len(features) != 1:
            n = len(features) if isinstance(features, list) else 0
            raise _Refused("one_feature", n=n)
        found, kind = features[0], "Feature"
    if kind == "Feature":
        found = found.get("geometry") if isinstance(found, Mapping) else None
    named = found.get("type") if isinstance(found, Mapping) else None
    if not isinstance(named, str) or named not in DEPTHS:
        raise _Refused("kind", found=_brief(named))
    return dict(found)


def _named_crs(document: object) -> str | None:
    """The system that an older GeoJSON file names itself (`crs` members), if it does.

    Raises Problem for what is not understood, and for members that differ: what they mean may be
    another place.
    """
    members = crs_members(document)
    if members in ([], [None]):
        return None
    name = crs_name(members[0])
    if name is None or len(members) > 1:
        odd = next((one for one in members if crs_name(one) is None), members)
        raise Problem("invalid_value", "areas.problem.crs", field="crs", found=_brief(odd))
    return name


def _reading(crs: str | None, working: WorkingCrs) -> Reading | None:
    """How to read the numbers; None for longitude and latitude on the working CRS's datum."""
    name = "" if crs is None else crs.strip().lower()
    if name in LONLAT:
        return None
    epsg = _EPSG.fullmatch(name)
    try:
        if not epsg and name not in ("gcj02", "bd09"):
            raise CrsRefusedError("unknown", name)
        return reading_of(f"EPSG:{epsg[1]}" if epsg else name, working)
    except CrsRefusedError:
        raise Problem(
            "invalid_value", "areas.problem.crs", field="crs", found=_brief(name)
        ) from None


def _plain(given: Mapping[str, Any], degrees: bool, epsg: int) -> dict[str, Any]:
    """The geometry with positions of two checked numbers; heights are left out."""
    kind = str(given["type"])
    count = 0

    def row(value: list[object]) -> list[Position]:
        nonlocal count
        count += len(value)
        if count > MAX_POSITIONS:
            raise _Refused("too_many", limit=MAX_POSITIONS)
        places = [_position(one, degrees, epsg) for one in value]
        _check_row(kind, places)
        return places

    def nested(value: object, depth: int) -> object:
        if depth == 0:
            return row([value])[0]
        if not isinstance(value, list):
            raise _Refused("position", found=_brief(value))
        if not value:
            raise _Refused("short", what=kind)
        return row(value) if depth == 1 else [nested(one, depth - 1) for one in value]

    return {"type": kind, "coordinates": nested(given.get("coordinates"), DEPTHS[kind])}


def _check_row(kind: str, places: list[Position]) -> None:
    shortest = {"Polygon": 4, "LineString": 2}.get(kind.removeprefix("Multi"), 1)
    if len(places) < shortest:
        raise _Refused("short", what=kind)
    if shortest == 4 and places[0] != places[-1]:
        raise _Refused("open", place=_say(places[0]))


def _position(value: object, degrees: bool, epsg: int) -> Position:
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        raise _Refused("position", found=_brief(value))
    for number in value:
        plain = isinstance(number, int | float) and not isinstance(number, bool)
        if not plain or not abs(number) <= 1e9:  # NaN is within no bounds
            raise _Refused("position", found=_brief(value))
    place = float(value[0]), float(value[1])
    if degrees:
        _check_degrees(place, epsg)
    return place


def _check_degrees(place: Position, epsg: int) -> None:
    lon, lat = place
    if abs(lon) <= 180 and abs(lat) <= 90:
        return
    if abs(lon) <= 90 and abs(lat) <= 180:
        raise _Refused("swapped", place=_say(place))
    raise _Refused("degrees", place=_say(place), epsg=epsg)


def _check_valid(outline: BaseGeometry, working: WorkingCrs | None = None) -> None:
    """Raise a Problem that names the place; `working` when the outline is in its metres."""
    if not outline.is_empty and outline.is_valid:
        return
    reason, _, rest = shapely.is_valid_reason(outline).partition("[")
    numbers = rest.rstrip("]").split()
    place = (float(numbers[0]), float(numbers[1])) if len(numbers) > 1 else _first(outline)
    if working is not None:
        lon, lat = working.lonlat(np.array([place[0]]), np.array([place[1]]))
        place = (float(lon[0]), float(lat[0]))
    crossing = "elf-intersection" in reason
    raise _Refused("crosses" if crossing else "not_valid", place=_say(place))


def _first(outline: BaseGeometry) -> Position:
    coordinates = shapely.get_coordinates(outline)
    return (float(coordinates[0][0]), float(coordinates[0][1])) if len(coordinates) else (0.0, 0.0)


def _to_metres(outline: BaseGeometry, reading: Reading | None, working: WorkingCrs) -> BaseGeometry:
    numbers = shapely.get_coordinates(outline)
    way = reading.to_working if reading else working.from_lonlat
    x, y = way(numbers[:, 0], numbers[:, 1])
    held = np.isfinite(x) & np.isfinite(y)
    held[held] = working.holds(x[held], y[held])
    if not held.all():
        west, south, east, north = working.area
        wrong = numbers[int(np.argmin(held))]
        place = _say((float(wrong[0]), float(wrong[1])))
        raise _Refused("outside", place=place, west=west, south=south, east=east, north=north)
    return shapely.set_coordinates(outline, np.column_stack([x, y]))


def _check_size(metres: BaseGeometry, buffer_m: float, km2: float) -> None:
    west, south, east, north = metres.bounds
    across = math.hypot(east - west, north - south)
    if across > MAX_ACROSS_M:
        raise _Refused("too_long", found=round(across), limit=MAX_ACROSS_M)
    # The radius that a point counts with is the rules' assumption, not ground that was asked for.
    if _bound(metres, buffer_m) > km2 * 1e6:
        found = _widened_area(metres, buffer_m) / 1e6
        if found > km2:
            raise _Refused("too_large", found=f"{found:.3f}", limit=f"{km2:g}")


def _bound(metres: BaseGeometry, wide: float) -> float:
    """Square metres that the area, widened by `wide` metres, does not exceed: its hull's."""
    hull = metres.convex_hull
    around = hull.length * (2 if hull.geom_type == "LineString" else 1)
    return float(hull.area + around * wide + math.pi * wide * wide)


def _widened_area(metres: BaseGeometry, wide: float) -> float:
    """Square metres of the area widened by `wide` metres.

    A buffer of a ragged outline takes seconds, so it is made only where the bound is too much,
    and of an outline simplified to half a metre.
    """
    if not wide:
        return float(metres.area)
    return float(metres.simplify(0.5).buffer(wide, quad_segs=8).area)


def _say(place: Position) -> str:
    digits = 7 if abs(place[0]) <= 360 else 2
    return f"{round(place[0], digits)}, {round(place[1], digits)}"


def _brief(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else value
    return text if len(text) <= 60 else text[:57] + "…"
