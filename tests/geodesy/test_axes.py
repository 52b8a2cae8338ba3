"""Which number is the northing and in which zone: published points, and every order of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from gridwarden.geodesy import MERIDIANS, Axes, axes_of, meridian_zone, numbered_zone, zone_of

BEIJING = (116.39139, 39.90735)
SHANGHAI = (121.4737, 31.2304)
PUBLISHED = [  # lon, lat → east, north in an EPSG code, from EPSG's own definitions
    (BEIJING, 4547, 704496.365, 4421980.494),
    (BEIJING, 4526, 38704496.365, 4421980.494),
    (BEIJING, 4548, 447958.097, 4419419.082),
    (BEIJING, 4549, 191394.355, 4425481.047),
    (BEIJING, 4528, 40191394.355, 4425481.047),
    (SHANGHAI, 4547, 1212987.774, 3480714.534),
    (SHANGHAI, 4548, 926428.405, 3465161.664),
    (SHANGHAI, 4549, 640412.315, 3457455.489),
    (SHANGHAI, 4528, 40640412.315, 3457455.489),
]


def axes(*pairs: tuple[float, float]) -> Axes:
    first, second = np.array(pairs, dtype=float).reshape(-1, 2).T
    return axes_of(first, second)


@pytest.mark.parametrize(("place", "epsg", "east", "north"), PUBLISHED)
def test_the_zones_are_those_of_epsg(
    place: tuple[float, float], epsg: int, east: float, north: float
) -> None:
    way = Transformer.from_crs(4490, epsg, always_xy=True)
    assert way.transform(*place) == pytest.approx((east, north), abs=0.001)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (*BEIJING, Axes("degrees", False)),
        (704496.365, 4421980.494, Axes("plane", False)),
        (447958.097, 4419419.082, Axes("plane", False)),
        (191394.355, 4425481.047, Axes("plane", False)),
        (38704496.365, 4421980.494, Axes("plane", False, 38, 3)),
        (40640412.315, 3457455.489, Axes("plane", False, 40, 3)),
        (20500000.0, 3457455.489, Axes("plane", False, 20, 6)),
    ],
)
def test_both_orders_are_told_apart(first: float, second: float, expected: Axes) -> None:
    turned = Axes(expected.kind, True, expected.zone, expected.zone_width_deg)
    assert axes((first, second)) == expected
    assert axes((second, first)) == turned


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [(0.0, 0.0)],
        [(np.nan, 30.0)],
        [(500000.0, 3300000.0), (3300000.0, 500000.0)],  # some are swapped
        [(38500000.0, 3300000.0), (39500000.0, 3300000.0)],  # two zones in one file
        [(114.3, 30.5), (500000.0, 3300000.0)],
        [(114.3, 30.5), (500.0, 300.0)],
        [(1000.0, 2000.0)],  # a city's own coordinates
        [(3417000.0, 5370000.0)],  # Germany: both could be northings
        [(25496000.0, 6672000.0)],  # Finland lies farther north than China
        [(24500000.0, 3300000.0)],  # no such zone, of either width
        [(38950000.0, 3300000.0)],  # that far from its meridian nobody would use it
        [(120.0, 150.0)],
    ],
)
def test_what_does_not_agree_is_unknown(pairs: list[tuple[float, float]]) -> None:
    assert axes(*pairs) == Axes("unknown")


def test_what_is_no_place_is_passed_over() -> None:
    assert axes((0, 0), (np.inf, 3), (3300000, 500000)) == Axes("plane", True)


def test_degrees_elsewhere_have_an_order_only_beyond_ninety() -> None:
    assert axes((24.9, 60.2)) == Axes("degrees")
    assert axes((-122.4, 37.8)) == Axes("degrees", False)
    assert axes((37.8, -122.4)) == Axes("degrees", True)
    assert axes((114.3, 30.5), (24.9, 60.2)) == Axes("degrees", False)


@given(
    st.sampled_from(["degrees", "plain", "numbered 3", "numbered 6"]),
    st.sampled_from(MERIDIANS),
    st.floats(-1.6, 1.6),
    st.floats(18.2, 53.5),
    st.booleans(),
)
def test_any_place_in_china_is_told(
    how: str, meridian: int, beside: float, lat: float, turned: bool
) -> None:
    if how == "numbered 6":
        meridian = 75 + 6 * ((meridian - 75) // 6)
        epsg, expected = numbered_zone((meridian + 3) // 6, 6), ((meridian + 3) // 6, 6)
    elif how == "numbered 3":
        epsg, expected = numbered_zone(meridian // 3, 3), (meridian // 3, 3)
    else:
        epsg, expected = 4490 if how == "degrees" else meridian_zone(meridian), (None, None)
    lon = min(max(meridian + beside, 73.5), 135.5)
    pair = Transformer.from_crs(4490, epsg, always_xy=True).transform(lon, lat)
    got = axes((pair[1], pair[0]) if turned else pair)
    kind = "degrees" if how == "degrees" else "plane"
    assert (got.kind, got.north_first, (got.zone, got.zone_width_deg)) == (kind, turned, expected)


def test_every_code_is_the_zone_that_epsg_says() -> None:
    for epsg in (*range(4491, 4502), *range(4502, 4513), *range(4513, 4534), *range(4534, 4555)):
        zone = zone_of(epsg)
        assert zone is not None
        way = Transformer.from_crs(4490, epsg, always_xy=True)
        east, _ = way.transform(zone.meridian, 31.0)
        assert east == pytest.approx((zone.number or 0) * 1e6 + 500_000, abs=1e-6)
        again = (
            numbered_zone(zone.number, zone.width_deg)
            if zone.number is not None
            else meridian_zone(zone.meridian, zone.width_deg)
        )
        assert again == epsg
    assert [zone_of(n) for n in (4326, 4490, 4555, 32650, None)] == [None] * 5


@pytest.mark.parametrize("call", [lambda: numbered_zone(24, 3), lambda: numbered_zone(24, 6),
                                  lambda: meridian_zone(76), lambda: meridian_zone(78, 6),
                                  lambda: meridian_zone(138)])  # fmt: skip
def test_a_zone_that_is_not_china_s_has_no_code(call: object) -> None:
    with pytest.raises(ValueError, match="China has no zone"):
        call()  # type: ignore[operator]
