"""GCJ-02 and BD-09, the shifted coordinates of Chinese map services, and back to WGS-84.

Both are import readings, never storage. The forward formulas are the published ones (Krasovsky
ellipsoid, a = 6378245); they have no closed inverse, so the inverses iterate until the forward
formula gives the input again: one step leaves up to 2 m, more than a protection range of 0.5 m.
The shift is never guessed: the box in which it applies covers Korea and parts of South-East Asia,
so a file is read this way only when its owner says so.

Arrays of longitudes and latitudes in degrees, in that order, throughout.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Degrees = NDArray[np.float64]
_A = 6378245.0
_E2 = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0
_STEPS = 30
_CLOSE_ENOUGH = 1e-11  # degrees: about a micrometre


def outside_china(lon: Degrees, lat: Degrees) -> NDArray[np.bool_]:
    """Where the shift does not apply: outside 72.004–137.8347 E, 0.8293–55.8271 N."""
    inside = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    return ~inside


def wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS-84 to GCJ-02; unchanged outside China's box."""
    d_lon, d_lat = _offset(lon, lat)
    away = outside_china(lon, lat)
    return lon + np.where(away, 0.0, d_lon), lat + np.where(away, 0.0, d_lat)


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 to WGS-84, to better than 1 mm; unchanged outside China's box.

    Within one shift (about 600 m) of the box's edge, where the forward formula jumps, the
    result is inside the box when the input is.
    """
    away = outside_china(lon, lat)
    back_lon, back_lat = _invert(lambda x, y: _plus(x, y, _offset(x, y)), lon, lat)
    return np.where(away, lon, back_lon), np.where(away, lat, back_lat)


def gcj02_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 to BD-09 (Baidu)."""
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def bd09_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """BD-09 to GCJ-02, by iteration: the formula usually printed for it is 6–15 cm off."""
    return _invert(gcj02_to_bd09, lon, lat)


def bd09_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """BD-09 to WGS-84. BD-09 is reverse-engineered: take such a place as ± 10 m."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _plus(lon: Degrees, lat: Degrees, by: tuple[Degrees, Degrees]) -> tuple[Degrees, Degrees]:
    return lon + by[0], lat + by[1]


def _invert(
    forward: Callable[[Degrees, Degrees], tuple[Degrees, Degrees]], lon: Degrees, lat: Degrees
) -> tuple[Degrees, Degrees]:
    """Fixed point of x ← x + (wanted − forward(x)); the shifts' slope is far below one."""
    x, y = lon.astype(np.float64), lat.astype(np.float64)
    for _ in range(_STEPS):
        got_x, got_y = forward(x, y)
        step_x, step_y = lon - got_x, lat - got_y
        x, y = x + step_x, y + step_y
        largest = np.nanmax(np.abs([step_x, step_y]), initial=0.0)
        if largest < _CLOSE_ENOUGH:
            break
    return x, y


def _offset(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """How far GCJ-02 lies from WGS-84, in degrees, without regard to the box."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * (np.sin(6.0 * x * np.pi) + np.sin(2.0 * x * np.pi))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + _waves(y, 20.0, 40.0) + _wide(y, 160.0, 320.0, 12.0, 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + _waves(x, 20.0, 40.0) + _wide(x, 150.0, 300.0, 12.0, 30.0)) * 2.0 / 3.0
    radians = np.radians(lat)
    bend = 1.0 - _E2 * np.sin(radians) ** 2
    d_lat = np.degrees(north * bend * np.sqrt(bend) / (_A * (1.0 - _E2)))
    d_lon = np.degrees(east * np.sqrt(bend) / (_A * np.cos(radians)))
    return d_lon, d_lat


def _waves(v: Degrees, short: float, long: float) -> Degrees:
    return short * np.sin(v * np.pi) + long * np.sin(v / 3.0 * np.pi)


def _wide(v: Degrees, first: float, second: float, per_first: float, per_second: float) -> Degrees:
    return first * np.sin(v / per_first * np.pi) + second * np.sin(v * np.pi / per_second)
