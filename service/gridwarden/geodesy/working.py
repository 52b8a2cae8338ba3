"""The ONE projected metric CRS of a deployment."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gridwarden.geodesy.trouble import CrsRefusedError

Numbers = NDArray[np.float64]
ROUNDING = 1e-9
"""Degrees, a tenth of a millimetre: what the way there and back may lose."""


@dataclass(frozen=True)
class WorkingCrs:
    """A projected CRS in metres, by EPSG code. Raises CrsRefusedError when it is neither."""

    epsg: int

    def __post_init__(self) -> None:
        crs = self.crs
        metres = all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info[:2])
        # Web Mercator's metres are not metres: 5 m are 3.8 m on the ground in Beijing.
        mercator = crs.to_epsg() in (3857, 3395) or "ercator" in _method(crs)
        transverse = "ransverse" in _method(crs)
        if not crs.is_projected or not metres or (mercator and not transverse):
            raise CrsRefusedError("not_metric", f"EPSG:{self.epsg}")

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


def _method(crs: CRS) -> str:
    return crs.coordinate_operation.method_name if crs.coordinate_operation else ""


@lru_cache(maxsize=32)
def _to_lonlat(epsg: int) -> Transformer:
    crs = CRS.from_epsg(epsg)
    return Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
