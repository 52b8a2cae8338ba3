"""A city's own coordinates by common points: what was put in comes out, a bad point is named."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridwarden.geodesy.similarity import (
    ACCURACY_AT_LEAST_M,
    UNCHECKED_M,
    fit,
    left_out,
    suspects,
)

SQUARE = np.array([[0.0, 0.0], [1000.0, 0.0], [1000.0, 800.0], [0.0, 800.0], [480.0, 420.0]])


def turned(
    points: np.ndarray, scale: float, degrees: float, east: float, north: float
) -> np.ndarray:
    angle = math.radians(degrees)
    way = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return scale * points @ way + (east, north)


@settings(deadline=None)
@given(
    st.floats(0.9997, 1.0003),
    st.floats(-180, 180),
    st.floats(2e5, 8e5),
    st.floats(2e6, 6e6),
    st.lists(
        st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)),
        min_size=3, max_size=12, unique=True,
    ),
)  # fmt: skip
def test_random_parameters_are_found_again(
    scale: float, degrees: float, east: float, north: float, points: list[tuple[int, int]]
) -> None:
    local = np.array(points, dtype=float) + np.array([30_000, 50_000])
    assume(np.ptp(local, axis=0).max() > 50)
    got = fit(local, turned(local, scale, degrees, east, north))
    assert got.similarity.scale == pytest.approx(scale, abs=1e-9)
    off = (got.similarity.rotation_deg - degrees + 180) % 360 - 180
    assert off == pytest.approx(0, abs=1e-5)
    assert got.residuals.max() < 1e-6
    assert got.good
    assert got.checked
    assert got.accuracy_m == ACCURACY_AT_LEAST_M
    moved = np.column_stack(got.similarity.forward(*local.T))
    assert np.abs(moved - turned(local, scale, degrees, east, north)).max() < 1e-6


@settings(deadline=None)
@given(st.integers(0, 4), st.floats(0, 360), st.floats(3.0, 500.0))
def test_one_point_that_was_moved_is_the_one_that_is_named(
    which: int, direction: float, by: float
) -> None:
    true = turned(SQUARE, 1.0001, 2.5, 500_000, 3_300_000)
    angle = math.radians(direction)
    true[which] += by * math.cos(angle), by * math.sin(angle)
    got = fit(SQUARE, true)
    assert not got.good
    assert suspects(SQUARE, true) == [which]
    assert left_out(SQUARE, true)[which] == pytest.approx(by, rel=0.01)


def test_of_three_points_it_may_stay_open_which_is_wrong() -> None:
    """Moved across the line to the others, no scale tells; moved along, it does."""
    three = SQUARE[:3] * 5
    across = turned(three, 1, 0, 500_000, 3_300_000)
    across[0] += (1, -1.5)
    assert not fit(three, across).good
    assert len(suspects(three, across)) == 3
    far = turned(three, 1, 0, 500_000, 3_300_000)
    far[0] += (50, 50)
    assert suspects(three, far) == [0]


def test_two_wrong_points_name_nobody() -> None:
    true = turned(SQUARE, 1, 0, 500_000, 3_300_000)
    true[0] += (20, 0)
    true[1] += (0, 35)
    assert suspects(SQUARE, true) == []


def test_two_points_are_unchecked() -> None:
    true = turned(SQUARE[:2], 1, 12, 500_000, 3_300_000)
    got = fit(SQUARE[:2], true)
    assert (got.checked, got.good, got.accuracy_m) == (False, True, UNCHECKED_M)
    assert suspects(SQUARE[:2], true) == []
    wide = np.array([[0.0, 0.0], [10_000.0, 0.0]])
    assert fit(wide, turned(wide, 1.0003, 0, 0, 0)).accuracy_m == pytest.approx(3.0)


@pytest.mark.parametrize(("off", "good"), [(1 / 2500, True), (1 / 2500 + 1e-6, False),
                                           (-1 / 2500 - 1e-6, False)])  # fmt: skip
def test_a_scale_off_by_more_than_1_in_2500_is_not_good(off: float, good: bool) -> None:
    got = fit(SQUARE, turned(SQUARE, 1 + off - 1e-12 * math.copysign(1, off), 0, 0, 0))
    assert got.good is good


def test_a_residual_above_three_decimetres_is_not_good() -> None:
    for by, good in ((0.37, True), (0.45, False)):
        true = turned(SQUARE, 1, 0, 500_000, 3_300_000)
        true[4] += (0, by)
        got = fit(SQUARE, true)
        assert got.good is good
        assert got.residuals.argmax() == 4
        assert got.accuracy_m > ACCURACY_AT_LEAST_M


def test_the_mirror_image_does_not_fit() -> None:
    true = turned(SQUARE, 1, 3, 500_000, 3_300_000)
    assert fit(SQUARE[:, ::-1], true).residuals.max() > 100
    assert fit(SQUARE[:2, ::-1], true[:2]).good, "of two points nobody can tell"


@pytest.mark.parametrize(
    ("local", "true"),
    [
        (SQUARE[:1], SQUARE[:1]),
        (SQUARE[:2], SQUARE[:3]),
        (np.array([[0.0, 0.0], [3.0, 4.0]]), SQUARE[:2]),
        (np.array([[0.0, np.nan], [300.0, 4.0]]), SQUARE[:2]),
    ],
)
def test_what_cannot_be_fitted_is_refused(local: np.ndarray, true: np.ndarray) -> None:
    with pytest.raises(ValueError, match="points"):
        fit(local, true)
