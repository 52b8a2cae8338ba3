"""What every drawing shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridwarden.words.picture import HEIGHT, WIDTH, bar_of


@pytest.mark.parametrize(
    ("height_m", "bar"),
    [
        (300, (100, "100 m")),
        (2_000, (500, "500 m")),
        (2_300, (1e3, "1 km")),
        (9e5, (2e5, "200 km")),
    ],
)
def test_a_bar_is_a_round_length_in_a_unit_that_reads_well(
    height_m: float, bar: tuple[float, str]
) -> None:
    assert bar_of(height_m) == bar


@given(st.floats(1, 1e7))
def test_a_bar_is_a_sixth_to_a_third_of_the_picture(height_m: float) -> None:
    width = height_m * WIDTH / HEIGHT
    assert width / 7.6 <= bar_of(height_m)[0] <= width / 3
