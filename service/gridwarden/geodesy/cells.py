"""Square cells of the working CRS, by arithmetic.

A cell is half-open: its west and south edges belong to it, its east and north edges to its
neighbours, so that a point on an edge is counted once. Grids of one size are the same whatever
area is asked for: they start at (0, 0) of the working CRS.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SquareCells:
    """Cells with edges of `size_m` metres."""

    size_m: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.size_m) and self.size_m > 0):
            raise ValueError(f"a cell has a positive edge in metres, not {self.size_m}")

    def of(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Column and row of the cell that holds each point (metres, working CRS)."""
        return (
            np.floor(np.asarray(x) / self.size_m).astype(np.int64),
            np.floor(np.asarray(y) / self.size_m).astype(np.int64),
        )

    def bounds(self, column: int, row: int) -> tuple[float, float, float, float]:
        """West, south, east, north of a cell, in metres."""
        west, south = column * self.size_m, row * self.size_m
        return west, south, west + self.size_m, south + self.size_m

    def covering(self, west: float, south: float, east: float, north: float) -> int:
        """How many cells a box touches; edges as half-open as everywhere."""
        (columns, rows) = self.of(np.array([west, east]), np.array([south, north]))
        return int((columns[1] - columns[0] + 1) * (rows[1] - rows[0] + 1))
