"""Square cells: every point in exactly one, its west and south edges inside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridwarden.geodesy import SquareCells

METRES = st.floats(-5e7, 5e7, allow_subnormal=False)  # 5e-324 m divided by a size is 0


def test_an_edge_belongs_to_the_cell_east_and_north_of_it() -> None:
    cells = SquareCells(500)
    x = np.array([499.999, 500.0, 0.0, -0.001])
    y = np.array([1000.0, 999.999, 0.0, -0.001])
    columns, rows = cells.of(x, y)
    assert columns.tolist() == [0, 1, 0, -1]
    assert rows.tolist() == [2, 1, 0, -1]


@settings(deadline=None)
@given(METRES, METRES, st.sampled_from([100.0, 250.0, 500.0, 1000.0]))
def test_a_point_lies_in_its_own_cell_and_in_no_neighbour(x: float, y: float, size: float) -> None:
    cells = SquareCells(size)
    column, row = (int(v[0]) for v in cells.of(np.array([x]), np.array([y])))
    west, south, east, north = cells.bounds(column, row)
    assert west <= x < east
    assert south <= y < north


def test_a_box_counts_the_cells_that_it_touches() -> None:
    assert SquareCells(500).covering(0, 0, 499, 499) == 1
    assert SquareCells(500).covering(0, 0, 500, 499) == 2


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf")])
def test_a_cell_without_size_does_not_exist(size: float) -> None:
    with pytest.raises(ValueError, match="positive edge"):
        SquareCells(size)
