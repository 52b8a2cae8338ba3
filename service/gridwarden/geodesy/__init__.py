"""Coordinates: the working CRS, what a file's numbers mean, and the arithmetic of square cells.

Everything is stored and measured in ONE projected metric CRS. All functions take and give x = east
(or longitude), y = north (or latitude), whatever order an EPSG definition states.
"""

from gridwarden.geodesy.axes import Axes, axes_of
from gridwarden.geodesy.cells import SquareCells
from gridwarden.geodesy.reading import (
    Fitted,
    Reading,
    fitted_reading,
    reading_of,
    shifted_wkt,
)
from gridwarden.geodesy.shifts import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_gcj02,
)
from gridwarden.geodesy.trouble import CrsRefusedError
from gridwarden.geodesy.working import WorkingCrs
from gridwarden.geodesy.zones import MERIDIANS, Zone, meridian_zone, numbered_zone, zone_of

__all__ = [
    "MERIDIANS",
    "Axes",
    "CrsRefusedError",
    "Fitted",
    "Reading",
    "SquareCells",
    "WorkingCrs",
    "Zone",
    "axes_of",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "fitted_reading",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "meridian_zone",
    "numbered_zone",
    "reading_of",
    "shifted_wkt",
    "wgs84_to_gcj02",
    "zone_of",
]
