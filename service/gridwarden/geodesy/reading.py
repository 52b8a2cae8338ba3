"""What the numbers of a file mean: a CRS, or one of the shifted Chinese readings."""

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup
from shapely.geometry.base import BaseGeometry

from gridwarden.geodesy.shifts import bd09_to_wgs84, gcj02_to_wgs84
from gridwarden.geodesy.similarity import Similarity
from gridwarden.geodesy.trouble import CrsRefusedError
from gridwarden.geodesy.working import WorkingCrs

Numbers = NDArray[np.float64]
Shift = Literal["gcj02", "bd09"]

# Frames that agree within decimetres (epoch and plate motion): PROJ calls the step between two
# of them a ballpark and it is good enough. Matched in the name of the geodetic datum.
_MODERN = re.compile(
    r"World Geodetic System 1984|China 2000|CGCS2000|European Terrestrial Reference|ETRS89"
    r"|International Terrestrial Reference|ITRF|Geocentric Datum of Australia|Japanese Geodetic"
    r" Datum 20|NAD83 \((2011|CSRS)|North American Datum 1983|New Zealand Geodetic Datum 2000"
    r"|SIRGAS|Korean? 2000|Geocentric Datum of Korea|Hong Kong Geodetic",
    re.IGNORECASE,
)


_SHIFTS: Final[dict[str, Shift]] = {"gcj02": "gcj02", "bd09": "bd09"}
_CALLED: Final = re.compile(r"(?:GCS[_ ])?(GCJ|BD)[-_ ]?(02|09)(?![0-9])", re.IGNORECASE)
"""A system of such a name is the shifted one, whatever ellipsoid stands behind it."""
_SHIFTED_WKT: Final = (
    'GEOGCRS["{name} (shifted, display only)",DATUM["{name} (shifted, display only)",'
    'ELLIPSOID["WGS 84",6378137,298.257223563,LENGTHUNIT["metre",1]]],'
    'PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]],CS[ellipsoidal,2],'
    'AXIS["longitude",east],AXIS["latitude",north],ANGLEUNIT["degree",0.0174532925199433]]'
)


@dataclass(frozen=True)
class Fitted:
    """A city's own coordinates as somebody fitted them: to metres of the working CRS.

    `north_first` tells that their tables put the northing first; `points` are the common points,
    in the working CRS: farther from them than they lie apart nobody has measured anything.
    """

    similarity: Similarity
    north_first: bool
    points: tuple[tuple[float, float], ...]

    def near(self) -> BaseGeometry:
        """Where the points say something: their hull, widened by the greatest distance in it."""
        hull = shapely.MultiPoint(self.points).convex_hull
        west, south, east, north = hull.bounds
        return hull.buffer(float(np.hypot(east - west, north - south)))


@dataclass(frozen=True)
class Reading:
    """How to turn a file's x and y into metres of the working CRS.

    `accuracy_m` is what the way itself adds to every position (95 %, metres): 0 within one
    datum, PROJ's figure where a datum changes, 10 for BD-09, which is reverse-engineered, and
    what the fit tells for a city's own coordinates (`fitted`).
    `north_first` tells that the file's x is the northing (or latitude), its y the easting.
    """

    name: str
    crs: CRS
    working: WorkingCrs
    shift: Shift | None
    accuracy_m: float
    north_first: bool = False
    fitted: Fitted | None = None

    @property
    def epsg(self) -> int | None:
        """The EPSG code, where the name is one."""
        code = self.name.removeprefix("EPSG:")
        return int(code) if code != self.name and code.isdigit() else None

    @property
    def geographic(self) -> bool:
        """Whether the numbers are degrees."""
        return bool(self.crs.is_geographic)

    def to_working(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Metres of the working CRS; inf where the CRS is not defined there."""
        if self.north_first:
            x, y = y, x
        if self.fitted is not None:
            return self.fitted.similarity.forward(x, y)
        if self.shift == "gcj02":
            x, y = gcj02_to_wgs84(x, y)
        elif self.shift == "bd09":
            x, y = bd09_to_wgs84(x, y)
        if self.crs == self.working.crs:
            return x, y
        way = _way(self.crs.to_wkt(), self.working.epsg)
        return way.transform(x, y)


def fitted_reading(name: str, fitted: Fitted, working: WorkingCrs, accuracy_m: float) -> Reading:
    """The reading of a city's own coordinates, called `local:NAME`, in their own order."""
    return Reading(name, working.crs, working, None, accuracy_m, fitted.north_first, fitted)


_FILE = re.compile(r"^[/\\.~]|\binit\s*=|^file:", re.IGNORECASE)
"""PROJ would open a file of such a name: what a stranger's file states must not make it."""


def reading_of(text: str, working: WorkingCrs) -> Reading:
    """Read `gcj02`, `bd09`, `EPSG:n` or WKT, also one of a system that is called GCJ-02 or BD-09,
    as our own exports and other programs name it. Raises CrsRefusedError.

    Beijing-54 and Xian-80 are refused: without a region's own parameters PROJ moves them by
    nothing at all, tens of metres to 120 m wrong, and the result looks fine.
    """
    name = text.strip()
    shift = _SHIFTS.get(name.lower().replace("-", ""))
    if shift:
        return _shifted(shift, working)
    if _FILE.search(name):
        raise CrsRefusedError("unknown", name[:60])
    try:
        crs = CRS.from_user_input(name if not name.isdigit() else int(name))
    except CRSError:
        raise CrsRefusedError("unknown", name[:60]) from None
    crs = crs.sub_crs_list[0] if crs.is_compound else crs
    crs = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    if not (crs.is_projected or crs.is_geographic):
        raise CrsRefusedError("not_flat", crs.name)
    called = _CALLED.match(crs.name)
    if called and crs.is_geographic:
        return _shifted(_SHIFTS[called[1].lower() + called[2]], working)
    code = crs.to_epsg(min_confidence=70)
    known = CRS.from_epsg(code) if code else crs
    label = f"EPSG:{code}" if code else crs.name
    return Reading(label, known, working, None, _accuracy(known, working, label))


def shifted_wkt(shift: Shift) -> str:
    """A system of its own for shifted degrees, as a file names it: programs draw it where Chinese
    services draw, and none of them (nor PROJ here) knows a way from it to a real one. `reading_of`
    knows it by its name."""
    return _SHIFTED_WKT.format(name={"gcj02": "GCJ-02", "bd09": "BD-09"}[shift])


def _shifted(shift: Shift, working: WorkingCrs) -> Reading:
    return Reading(shift, CRS.from_epsg(4326), working, shift, 10.0 if shift == "bd09" else 0.0)


def _accuracy(crs: CRS, working: WorkingCrs, label: str) -> float:
    """Metres that the best available way adds. Raises CrsRefusedError for a ballpark."""
    here, there = _datum(crs), _datum(working.crs)
    if here == there:
        return 0.0
    if _MODERN.search(here) and _MODERN.search(there):
        return 0.0
    known = [t.accuracy for t in _ways(crs, working) if t.accuracy >= 0]
    if not known:
        raise CrsRefusedError("no_parameters", label)
    return float(known[0])


def _datum(crs: CRS) -> str:
    geodetic = crs.geodetic_crs
    datum = geodetic.datum if geodetic is not None else None
    return datum.name if datum is not None else crs.name


def _ways(crs: CRS, working: WorkingCrs) -> list[Transformer]:
    """PROJ's ways to the working CRS, best first; grids that are not installed are left out."""
    try:
        with warnings.catch_warnings():  # the accuracy that is left says it better
            warnings.simplefilter("ignore", UserWarning)
            group = TransformerGroup(crs, working.crs, always_xy=True, allow_ballpark=False)
    except ProjError:
        return []
    return list(group.transformers)


@lru_cache(maxsize=64)
def _way(wkt: str, epsg: int) -> Transformer:
    working = WorkingCrs(epsg)
    crs = CRS.from_wkt(wkt)
    if not (_MODERN.search(_datum(crs)) and _MODERN.search(_datum(working.crs))):
        known = [t for t in _ways(crs, working) if t.accuracy >= 0]
        if known:
            return known[0]
    return Transformer.from_crs(crs, working.crs, always_xy=True)
