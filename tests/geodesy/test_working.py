"""The working CRS, and what may be read into it."""

import numpy as np
import pytest

from gridwarden.geodesy import CrsRefusedError, WorkingCrs, reading_of
from gridwarden.geodesy.working import _surely_within, scale_error

WUHAN = WorkingCrs(4547)


@pytest.mark.parametrize("epsg", [4326, 4490, 3857, 3395, 2263])
def test_degrees_feet_and_web_mercator_are_never_measured_in(epsg: int) -> None:
    with pytest.raises(CrsRefusedError) as refused:
        WorkingCrs(epsg)
    assert refused.value.reason == "not_metric"


@pytest.mark.parametrize("epsg", [3035, 6933, 8857, 3575, 9311, 3031, 5880, 3145])
def test_a_system_that_distorts_is_never_measured_in(epsg: int) -> None:
    """Equal-area ones, polar ones, those of continents, and those that PROJ cannot tell of."""
    with pytest.raises(CrsRefusedError) as refused:
        WorkingCrs(epsg)
    assert refused.value.reason == "distorting"


def test_every_chinese_zone_and_every_utm_zone_may_be_the_working_system() -> None:
    """CGCS2000 Gauss-Krüger (6° and 3°, with the zone's number and without), UTM on WGS 84."""
    utm = [hemisphere + zone for hemisphere in (32600, 32700) for zone in range(1, 61)]
    for epsg in (*range(4491, 4555), *utm):
        assert scale_error(epsg) < 0.0015, WorkingCrs(epsg)


@pytest.mark.parametrize("epsg", [4547, 4549, 4526, 3879, 25832, 31467, 3577, 27700])
def test_projected_metres_are(epsg: int) -> None:
    assert WorkingCrs(epsg).area[0] < WorkingCrs(epsg).area[2]


@pytest.mark.parametrize(
    ("epsg", "lon", "lat", "x", "y"),
    [
        (4547, 116.39139, 39.90735, 704496.365, 4421980.494),
        (4526, 116.39139, 39.90735, 38704496.365, 4421980.494),
        (4548, 116.39139, 39.90735, 447958.097, 4419419.082),
        (4549, 121.4737, 31.2304, 640412.315, 3457455.489),
    ],
)
def test_x_is_east_and_y_is_north(epsg: int, lon: float, lat: float, x: float, y: float) -> None:
    """EPSG states north first for these; a swapped pair has been a bug of others."""
    got = reading_of("EPSG:4490", WorkingCrs(epsg)).to_working(np.array([lon]), np.array([lat]))
    assert (got[0][0], got[1][0]) == pytest.approx((x, y), abs=0.001)


@pytest.mark.parametrize("old", ["EPSG:4214", "EPSG:4610", "EPSG:2437", "EPSG:2383"])
def test_beijing_54_and_xian_80_are_refused(old: str) -> None:
    """PROJ would shift them by zero metres and say nothing."""
    with pytest.raises(CrsRefusedError) as refused:
        reading_of(old, WUHAN)
    assert refused.value.reason == "no_parameters"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("EPSG:999999", "unknown"), ("gcj", "unknown"), ("EPSG:5737", "not_flat"), ("", "unknown")],
)
def test_what_is_no_place_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CrsRefusedError) as refused:
        reading_of(text, WUHAN)
    assert refused.value.reason == reason


def test_a_change_of_datum_tells_its_accuracy() -> None:
    assert reading_of("EPSG:4326", WUHAN).accuracy_m == 0
    assert reading_of("EPSG:31467", WorkingCrs(25832)).accuracy_m > 0.5
    assert reading_of("bd09", WUHAN).accuracy_m == 10


def test_gcj02_is_moved_and_wgs84_is_not() -> None:
    lon, lat = np.array([114.4]), np.array([30.5])
    plain = reading_of("EPSG:4326", WUHAN).to_working(lon, lat)
    moved = reading_of("GCJ-02", WUHAN).to_working(lon, lat)
    assert 200 < np.hypot(plain[0] - moved[0], plain[1] - moved[1])[0] < 800


def test_the_area_of_use_has_its_edges() -> None:
    west, south, east, north = WUHAN.area
    x, y = WUHAN.from_lonlat(
        np.array([114.0, west - 0.01, east + 0.01, 114.0, 114.0]),
        np.array([30.0, 30.0, 30.0, south - 0.01, north + 0.01]),
    )
    assert WUHAN.holds(x, y).tolist() == [True, False, False, False, False]
    corners = np.array([west, west, east, east]), np.array([south, north, south, north])
    assert WUHAN.holds(*WUHAN.from_lonlat(*corners)).all()
    gulf = WorkingCrs(32631)
    assert gulf.holds(*gulf.from_lonlat(np.array([0.0]), np.array([0.0])))[0]


def test_a_pair_that_was_swapped_is_outside() -> None:
    x, y = WUHAN.from_lonlat(np.array([114.0]), np.array([30.0]))
    assert not WUHAN.holds(y, x)[0]


@pytest.mark.parametrize("epsg", [4547, 32631, 27700, 32701, 3577])
def test_the_box_of_which_nobody_asks_lies_within_the_area(epsg: int) -> None:
    crs = WorkingCrs(epsg)
    west, south, east, north = _surely_within(crs)
    assert west < east
    assert south < north
    x, y = np.meshgrid(np.linspace(west, east, 41), np.linspace(south, north, 41))
    assert crs._in_area(x.ravel(), y.ravel()).all()
