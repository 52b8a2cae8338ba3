"""Coordinate reference systems of the features API: names, axis order, and where they are valid.

PostGIS always computes east before north; OGC API – Features Part 2 wants each system's own order.
EPSG:4326, 4490 and the CGCS2000 zones are north first, CRS84 and EPSG:3857 are not: such
coordinates are turned on the way in (`bbox-crs`) and on the way out (`crs`).
"""

import math
import re
from dataclasses import dataclass
from functools import cache

import pyproj
from pyproj.exceptions import CRSError, ProjError

from gridwarden.words.problems import Problem

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
LON_LAT = 4326
"""The SRID in which PostGIS computes CRS84."""

Box = tuple[float, float, float, float]
"""min x, min y, max x, max y: east before north, whatever the system's own order."""

_NAME = re.compile(
    r"(?:https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/"
    r"|urn:ogc:def:crs:EPSG:[0-9.]*:"
    r"|EPSG:)([0-9]{4,6})",
    re.IGNORECASE,
)
_CRS84_NAMES = frozenset({CRS84, "CRS84", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84"})


@dataclass(frozen=True, slots=True)
class Crs:
    """One system that coordinates are asked for or given in."""

    uri: str
    srid: int
    north_first: bool
    geographic: bool

    @property
    def digits(self) -> int:
        """Decimal digits that keep 0.1 mm."""
        return 9 if self.geographic else 4

    def box(self, values: Box) -> Box:
        """Four numbers in this system's own axis order, as east before north."""
        a, b, c, d = values
        return (b, a, d, c) if self.north_first else values


def uri_of(epsg: int) -> str:
    """The OGC name of an EPSG code."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{epsg}"


def crs_of(name: str, field: str, working: int) -> Crs:
    """The system called `name` (a URI, a URN, `EPSG:n` or `CRS84`).

    Raises Problem (400, naming `field`) for a name that is unknown or a system that does not
    reach the working CRS's area.
    """
    text = name.strip().removeprefix("[").removesuffix("]")
    if text in _CRS84_NAMES:
        return Crs(CRS84, LON_LAT, north_first=False, geographic=True)
    code = _NAME.fullmatch(text)
    found = _from_epsg(int(code[1])) if code else None
    if found is None or _bounds(found.srid, working) is None:
        raise Problem("invalid_value", "features.bad_crs", field=field, name=name[:80])
    return found


@cache
def _from_epsg(code: int) -> Crs | None:
    try:
        system = pyproj.CRS.from_epsg(code)
    except CRSError:
        return None
    directions = [axis.direction.lower() for axis in system.axis_info]
    if sorted(directions) != ["east", "north"]:
        return None
    return Crs(uri_of(code), code, directions[0] == "north", system.is_geographic)


@cache
def area(working: int) -> Box:
    """Area of use of the working CRS in degrees, 2° wider on each side: no feature lies beyond."""
    use = pyproj.CRS.from_epsg(working).area_of_use
    if use is None:
        return (-180.0, -90.0, 180.0, 90.0)
    west, south, east, north = use.bounds
    return (
        max(west - 2, -180.0),
        max(south - 2, -90.0),
        min(east + 2, 180.0),
        min(north + 2, 90.0),
    )


@cache
def _bounds(srid: int, working: int) -> Box | None:
    """`area` in another system; None where that system is not defined there."""
    if srid == LON_LAT:
        return area(working)
    use = pyproj.CRS.from_epsg(srid).area_of_use
    if use is not None and not _near(use.bounds, area(working)):
        return None
    try:
        turn = pyproj.Transformer.from_crs(LON_LAT, srid, always_xy=True)
        found = turn.transform_bounds(*area(working), densify_pts=21)
    except (CRSError, ProjError):
        return None
    finite = all(map(math.isfinite, found)) and found[0] < found[2] and found[1] < found[3]
    return found if finite else None


def _near(one: Box, other: Box) -> bool:
    """Whether two areas in degrees are at most 6° (a zone) apart; one may cross ±180°."""
    if one[1] > other[3] + 6 or other[1] > one[3] + 6:
        return False
    return one[0] > one[2] or (one[0] <= other[2] + 6 and other[0] <= one[2] + 6)


def within_reach(box: Box, crs: Crs, working: int) -> Box | None:
    """The part of `box` where features can lie, or None: no transformation leaves its area.

    A part without width or height (a point or a line as a box) is kept.
    """
    reach = _bounds(crs.srid, working) or area(working)
    part = (
        max(box[0], reach[0]),
        max(box[1], reach[1]),
        min(box[2], reach[2]),
        min(box[3], reach[3]),
    )
    return part if part[0] <= part[2] and part[1] <= part[3] else None


@cache
def offered(working: int) -> tuple[str, ...]:
    """The systems that collections list: CRS84, both lon/lat datums, Web Mercator, the working
    CRS, and the CGCS2000 three-degree zones around a Chinese one. Others are taken as well.
    """
    codes = [4326, 4490, 3857, working]
    if 4534 <= working <= 4554:
        codes += [c for c in range(working - 2, working + 3) if 4534 <= c <= 4554]
    return (CRS84, *(uri_of(code) for code in dict.fromkeys(codes)))


def around(box: Box, crs: Crs, working: int) -> Box:
    """A box in the working CRS, in metres, that holds all of `box`, for the index to search.

    Edges bend under projection: the transformed outline gets a margin of 1/16 of its size, and
    250 m for what different datum transformations may differ by.
    """
    if crs.srid == working:
        return box
    turn = pyproj.Transformer.from_crs(crs.srid, working, always_xy=True)
    west, south, east, north = turn.transform_bounds(*box, densify_pts=21)
    if not all(map(math.isfinite, (west, south, east, north))) or west > east or south > north:
        return _bounds(working, working) or (-1e9, -1e9, 1e9, 1e9)
    margin = 250 + (east - west + north - south) / 16
    return (west - margin, south - margin, east + margin, north + margin)
