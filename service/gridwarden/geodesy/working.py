"""The ONE projected metric CRS of a deployment."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError

from gridwarden.geodesy.trouble import CrsRefusedError

Numbers = NDArray[np.float64]
ROUNDING = 1e-9
"""Degrees, a tenth of a millimetre: what the way there and back may lose."""
EDGE, OFF_EDGE = 501, 0.01
"""Points asked of each edge of the area, and the part of its width that is left off inside."""
SCALE_MAY_BE_OFF = 0.04
"""How far a metre of the plane may be from one on the ground, anywhere in the area of use. City
grids stay below 0.001; the widest that still keeps shapes for a country (Australian Albers) below
0.037. Equal-area and polar systems of continents shear what is measured in them."""


@dataclass(frozen=True)
class WorkingCrs:
    """A projected CRS in metres, by EPSG code. Raises CrsRefusedError when it is neither, and
    when its metres are not those of the ground (SCALE_MAY_BE_OFF).
    """

    epsg: int

    def __post_init__(self) -> None:
        crs = self.crs
        metres = all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info[:2])
        # Web Mercator's metres are not metres: 5 m are 3.8 m on the ground in Beijing.
        mercator = crs.to_epsg() in (3857, 3395) or "ercator" in _method(crs)
        transverse = "ransverse" in _method(crs)
        if not crs.is_projected or not metres or (mercator and not transverse):
            raise CrsRefusedError("not_metric", f"EPSG:{self.epsg}")
        if not scale_error(self.epsg) <= SCALE_MAY_BE_OFF:
            raise CrsRefusedError("distorting", f"EPSG:{self.epsg}")

    @cached_property
    def crs(self) -> CRS:
        """pyproj's own object."""
        try:
            return CRS.from_epsg(self.epsg)
        except CRSError:
            raise CrsRefusedError("unknown", f"EPSG:{self.epsg}") from None

    @property
    def area(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the area of use, in degrees."""
        use = self.crs.area_of_use
        return use.bounds if use else (-180.0, -90.0, 180.0, 90.0)

    def holds(self, x: Numbers, y: Numbers) -> NDArray[np.bool_]:
        """Which points (metres) lie in the area of use; its edges belong to it."""
        west, south, east, north = _surely_within(self)
        here: NDArray[np.bool_] = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        far = ~here
        if far.any():
            here[far] = self._in_area(x[far], y[far])
        return here

    def _in_area(self, x: Numbers, y: Numbers) -> NDArray[np.bool_]:
        lon, lat = self.lonlat(x, y)
        west, south, east, north = self.area
        return (
            (lon >= west - ROUNDING)
            & (lon <= east + ROUNDING)
            & (lat >= south - ROUNDING)
            & (lat <= north + ROUNDING)
        )

    def lonlat(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Longitude and latitude in degrees, on the working CRS's own datum."""
        return _to_lonlat(self.epsg).transform(x, y)

    def from_lonlat(self, lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
        """Metres from degrees on the working CRS's own datum; inf where it is not defined."""
        return _to_lonlat(self.epsg).transform(lon, lat, direction="INVERSE")


@lru_cache(maxsize=32)
def scale_error(epsg: int) -> float:
    """The largest |k - 1| over the area of use, in any direction (Tissot's axes); inf where PROJ
    cannot tell.
    """
    crs = CRS.from_epsg(epsg)
    if crs.area_of_use is None:
        return float("inf")
    west, south, east, north = crs.area_of_use.bounds
    across = np.linspace(west, east if east > west else east + 360, 9)
    lon, lat = np.meshgrid(across, np.linspace(south, north, 9))
    try:
        found = Proj(crs).get_factors(lon.ravel(), lat.ravel())
    except (CRSError, ProjError):
        return float("inf")
    axes = np.array([found.tissot_semimajor, found.tissot_semiminor])
    return float(np.abs(axes - 1).max())


@lru_cache(maxsize=32)
def _surely_within(working: WorkingCrs) -> tuple[float, float, float, float]:
    """A box in metres that lies within the area of use and a little off its edges: of the points in
    it PROJ need not be asked. One that holds nothing where the area has no such box.
    """
    west, south, east, north = working.area
    along, up = np.linspace(west, east, EDGE), np.linspace(south, north, EDGE)
    x, y = working.from_lonlat(
        np.concatenate([np.full(EDGE, west), np.full(EDGE, east), along, along]),
        np.concatenate([up, up, np.full(EDGE, south), np.full(EDGE, north)]),
    )
    left, right = x[:EDGE].max(), x[EDGE : 2 * EDGE].min()
    low, high = y[2 * EDGE : 3 * EDGE].max(), y[3 * EDGE :].min()
    off_x, off_y = (right - left) * OFF_EDGE, (high - low) * OFF_EDGE
    box = (left + off_x, low + off_y, right - off_x, high - off_y)
    nothing = (np.inf, np.inf, -np.inf, -np.inf)
    if west >= east or not np.isfinite(box).all() or box[0] >= box[2] or box[1] >= box[3]:
        return nothing
    return tuple(map(float, box))  # type: ignore[return-value]


def _method(crs: CRS) -> str:
    return crs.coordinate_operation.method_name if crs.coordinate_operation else ""


@lru_cache(maxsize=32)
def _to_lonlat(epsg: int) -> Transformer:
    crs = CRS.from_epsg(epsg)
    return Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
