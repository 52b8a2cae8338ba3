"""GCJ-02 and BD-09: published points, and inverses that give back what went in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridwarden.geodesy import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_gcj02,
)

METRES_A_DEGREE = 111_320.0
PUBLISHED = [  # lon, lat in WGS-84 → lon, lat in GCJ-02, from the tests of several open ports
    ("Shanghai", 121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
    ("Shenzhen", 113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
    ("Beijing", 116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
    ("a round point", 120.0, 40.0, 120.00567568355486, 40.0013047896019),
    ("Changchun", 125.32, 43.88, 125.32650671713314, 43.88240976404561),
    ("Harbin", 126.65, 45.75, 126.65598759031859, 45.75196555514378),
]
LON = st.floats(73.1, 137.0)
LAT = st.floats(2.0, 55.0)


def one(value: float) -> np.ndarray:
    return np.array([value])


@pytest.mark.parametrize(("place", "lon", "lat", "gcj_lon", "gcj_lat"), PUBLISHED)
def test_the_published_points_come_out(
    place: str, lon: float, lat: float, gcj_lon: float, gcj_lat: float
) -> None:
    x, y = wgs84_to_gcj02(one(lon), one(lat))
    assert (x[0], y[0]) == pytest.approx((gcj_lon, gcj_lat), abs=1e-9)
    x, y = gcj02_to_wgs84(one(gcj_lon), one(gcj_lat))
    assert (x[0], y[0]) == pytest.approx((lon, lat), abs=1e-9)


def test_baidu_s_point_of_beijing() -> None:
    x, y = gcj02_to_bd09(one(116.38404722455657), one(39.91334545536069))
    assert (x[0], y[0]) == pytest.approx((116.39045471310828, 39.919575550965874), abs=1e-9)


def test_tokyo_is_not_shifted() -> None:
    for shift in (wgs84_to_gcj02, gcj02_to_wgs84):
        x, y = shift(one(139.7454), one(35.6586))
        assert (x[0], y[0]) == (139.7454, 35.6586)


@settings(deadline=None)
@given(LON, LAT)
def test_gcj02_goes_back_to_the_millimetre(lon: float, lat: float) -> None:
    x, y = gcj02_to_wgs84(*wgs84_to_gcj02(one(lon), one(lat)))
    assert np.hypot(x[0] - lon, y[0] - lat) * METRES_A_DEGREE < 0.001


@settings(deadline=None)
@given(LON, LAT)
def test_bd09_goes_back_to_the_millimetre(lon: float, lat: float) -> None:
    x, y = bd09_to_gcj02(*gcj02_to_bd09(one(lon), one(lat)))
    assert np.hypot(x[0] - lon, y[0] - lat) * METRES_A_DEGREE < 0.001
    x, y = bd09_to_wgs84(*gcj02_to_bd09(*wgs84_to_gcj02(one(lon), one(lat))))
    assert np.hypot(x[0] - lon, y[0] - lat) * METRES_A_DEGREE < 0.001


def test_many_points_give_the_same_as_each_alone() -> None:
    """The iteration stops for all at once; nobody's place may depend on who stands beside."""
    lon, lat = np.linspace(75, 135, 400), np.linspace(4, 54, 400)
    together = gcj02_to_wgs84(lon, lat)
    for i in range(0, 400, 37):
        alone = gcj02_to_wgs84(lon[i : i + 1], lat[i : i + 1])
        assert np.allclose([t[i] for t in together], [a[0] for a in alone], atol=1e-10, rtol=0)
