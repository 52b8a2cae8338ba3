"""Where the city is, and how many of some shapes lie in it under a reading."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridwarden.geodesy import Axes, Reading, WorkingCrs, axes_of
from gridwarden.intake.formats.batch import Shapes

Numbers = NDArray[np.float64]
_MAINLAND: Final = (
    (73.3, 39.8), (73.5, 37.8), (78.0, 32.0), (79.0, 30.0), (86.0, 27.5), (92.0, 26.5),
    (97.0, 27.0), (97.3, 23.5), (99.0, 21.0), (101.8, 20.9), (106.0, 21.5), (108.0, 17.8),
    (111.5, 17.8), (114.0, 22.2), (117.2, 22.9), (120.2, 25.6), (123.2, 29.5), (122.6, 32.0),
    (120.6, 35.5), (123.0, 37.2), (122.0, 38.6), (124.5, 39.7), (129.0, 41.6), (131.4, 42.6),
    (135.3, 48.6), (131.0, 48.3), (126.5, 53.8), (120.0, 53.6), (119.5, 50.2), (115.4, 48.3),
    (119.5, 46.3), (111.5, 43.2), (105.0, 41.3), (96.5, 42.5), (90.8, 45.5), (87.8, 49.3),
    (82.0, 47.4), (79.9, 44.8), (79.9, 42.2), (73.3, 39.8),
)  # fmt: skip
"""Mainland China, coarse and a little wide: where map services shift what they show."""


@dataclass(frozen=True)
class Extent:
    """Where the city is: `districts` in metres of the working CRS, widened a little by who made
    this; the area of use of the working CRS where there are none."""

    working: WorkingCrs
    districts: BaseGeometry | None = None

    def holds(self, x: Numbers, y: Numbers) -> NDArray[np.bool_]:
        """Which points (metres; not finite is nowhere) lie in the city."""
        here: NDArray[np.bool_] = np.isfinite(x) & np.isfinite(y)
        if self.districts is None:
            here[here] = self.working.holds(x[here], y[here])
            return here
        shapely.prepare(self.districts)
        here[here] = shapely.contains_xy(self.districts, x[here], y[here])
        return here

    @cached_property
    def shifted(self) -> bool:
        """Whether map services shift coordinates here: the working CRS touches mainland China."""
        west, south, east, north = self.working.area
        area = shapely.box(west, south, max(west, east), north)
        return bool(shapely.Polygon(_MAINLAND).intersects(area))


@dataclass(frozen=True)
class Looked:
    """The first rows of a file, as numbers: all positions, and one of each shape."""

    shapes: Shapes
    first: Numbers
    second: Numbers
    axes: Axes

    @classmethod
    def at(cls, sample: Shapes) -> "Looked":
        """Look at shapes in the file's own numbers; what has no position is passed over."""
        there = shapely.force_2d(sample[~(shapely.is_missing(sample) | shapely.is_empty(sample))])
        coordinates, owner = shapely.get_coordinates(there, return_index=True)
        _, starts = np.unique(owner, return_index=True)
        one = coordinates[starts]
        fine = np.isfinite(one).all(axis=1) & (one != 0).any(axis=1)
        axes = axes_of(coordinates[:, 0], coordinates[:, 1])
        return cls(there[fine], one[fine, 0], one[fine, 1], axes)

    @classmethod
    def first_places(cls, batches: Iterable[Shapes]) -> Shapes:
        """The first of these that hold a position to look at: a file may begin with rows at 0, 0,
        or without any, however many. The last of them where none does."""
        shapes: Shapes = np.empty(0, dtype=object)
        for shapes in batches:
            if cls.at(shapes).of:
                break
        return shapes

    @property
    def of(self) -> int:
        """How many shapes were looked at."""
        return len(self.first)

    def inside(self, reading: Reading, extent: Extent) -> int:
        """How many shapes begin in the city under this reading; near the common points, where it
        is fitted by some."""
        if reading.fitted is not None:
            extent = Extent(extent.working, reading.fitted.near())
        return int(extent.holds(*reading.to_working(self.first, self.second)).sum())

    def only_turned(self, reading: Reading, extent: Extent) -> int:
        """How many shapes begin in the city only when their two numbers are exchanged."""
        here = extent.holds(*reading.to_working(self.first, self.second))
        there = extent.holds(*reading.to_working(self.second, self.first))
        return int((there & ~here).sum())

    def most(self, count: int) -> bool:
        """Whether a count is at least half of the shapes."""
        return 0 < self.of <= 2 * count


Reader = Callable[[str, bool], Reading]
"""From a system and whether north is first to a reading. Raises CrsRefusedError."""
