"""Corner tables: rows that are the corners of an outline, in their order, made into outlines.

    地块编号   拐点号   X            Y
    DK-1       J1       3420000.0    500000.0
               J2       3420000.0    500020.0
               …
               J1       3420000.0    500000.0

Rows of one plot are one outline; where no column names the plot, an outline ends where it comes
back to its first corner, or where the corners are counted from the beginning again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridwarden.intake.formats import point_line
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Shapes, Source, Trouble
from gridwarden.intake.formats.headers import header
from gridwarden.intake.formats.land_bureau import whole
from gridwarden.intake.formats.rowwise import Row, batches_of
from gridwarden.layers.catalogue.model import Geometry

CORNER: Final = re.compile(r"拐点|界址点|角点|折点|边界点|范围点|顶点|转折|\bcorner|\bvertex")
"""A column of this name numbers the corners of an outline."""
NUMBER: Final = re.compile(r"^(?:点号|点名|点编号|点位|点|序号|no\.?|point(?: ?(?:no|id|name))?)$")
HOLE: Final = re.compile(r"孔号|钻孔|孔编号|勘探点|勘探孔|孔深|\bbore ?hole|\bhole")
"""A column of this name makes the table one of holes: each row is a place of its own."""
PLOT: Final = re.compile(
    r"地块|宗地|图斑|区块|范围编号|范围名称|区域|基坑|工地|项目编号|项目名称|面编号"
    r"|\bplot|\bparcel|\bblock|\barea (?:id|no)"
)
"""A column of this name says which outline a corner is of."""
RING: Final = re.compile(r"圈号|环号|\bring")
TABLES: Final = frozenset({"csv", "xlsx", "xls", "ods", "cass"})
MOST_ROWS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Columns:
    """Which fields of a table number the corners, name the plot and its ring."""

    corner: str | None
    plot: str | None
    ring: str | None

    @classmethod
    def of(cls, fields: Sequence[str]) -> "Columns":
        """By the fields' names; the whole name of a header of two rows counts."""
        named = {name: header(name) for name in fields}
        corner = next((n for n, h in named.items() if CORNER.search(h)), None)
        corner = corner or next((n for n, h in named.items() if NUMBER.match(h)), None)
        plot = next((n for n, h in named.items() if n != corner and PLOT.search(h)), None)
        ring = next((n for n, h in named.items() if RING.search(h)), None)
        return cls(corner, plot, ring)


def is_of_corners(source: Source) -> bool:
    """Whether a column of a table numbers corners."""
    return source.kind in TABLES and any(CORNER.search(header(n)) for n in source.fields)


def is_of_holes(source: Source) -> bool:
    """Whether a table lists holes."""
    return any(HOLE.search(header(n)) for n in source.fields)


def for_layer(source: Source, geometry: Geometry) -> Source:
    """The source as a layer needs it: a table of corners as outlines for a layer that takes them,
    a table of connected points as lines for a layer of lines."""
    if geometry == "line":
        return point_line.OneTable(source) if point_line.is_of_both(source) else source
    points = source.kind in TABLES and geometry == "polygon" and not is_of_holes(source)
    if (points or (geometry == "any" and is_of_corners(source))) and _has_points(source):
        return Outlines(source)
    return source


def _has_points(source: Source) -> bool:
    """Whether the rows have places, and all of them are points."""
    first = next(source.batches(100), None)
    if first is None:
        return False
    kinds = shapely.get_type_id(first.shapes[~shapely.is_missing(first.shapes)])
    return bool(len(kinds)) and bool((kinds == 0).all())


@dataclass(slots=True)
class _Plot:
    number: int
    name: Any
    values: list[Any]
    rings: list[list[tuple[float, float]]] = field(default_factory=lambda: [[]])
    ring: Any = None
    trouble: Trouble | None = None

    @property
    def closed(self) -> bool:
        """Whether its last ring has come back to its first corner."""
        ring = self.rings[-1]
        return len(ring) > 3 and ring[0] == ring[-1]


class Outlines:
    """A source of outlines over a table of their corners; one row an outline, by the number of
    the first corner's row. A corner that cannot be read spoils its whole outline."""

    def __init__(self, corners: Source) -> None:
        self.corners = corners
        self.columns = Columns.of(corners.fields)
        self.kind, self.layer, self.encoding = corners.kind, corners.layer, corners.encoding
        self.claim, self.notes = corners.claim, corners.notes
        dropped = {self.columns.corner, self.columns.ring, *corners.places}
        self.fields: tuple[str, ...] = tuple(n for n in corners.fields if n not in dropped)
        self.rows: int | None = None

    @property
    def places(self) -> set[str]:
        """None: the corners' columns are no fields of an outline."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The outlines in the order of their first corners."""
        yield from batches_of((_row(plot) for plot in self._plots()), self.fields, size)

    def _plots(self) -> Iterator[_Plot]:
        if self.columns.plot is None:
            yield from self._runs()
            return
        named: dict[Any, _Plot] = {}
        for plot in self._runs():
            known = named.get(plot.name)
            if known is None:
                named[plot.name] = plot
            else:
                known.rings += plot.rings
                known.trouble = known.trouble or plot.trouble
        yield from named.values()

    def _runs(self) -> Iterator[_Plot]:
        """Rows that follow each other and are of one plot."""
        plot: _Plot | None = None
        first: Any = None
        for batch in self.corners.batches():
            for i, number in enumerate(batch.numbers):
                name, ring, corner = (
                    _cell(batch, one, i)
                    for one in (self.columns.plot, self.columns.ring, self.columns.corner)
                )
                shape = batch.shapes[i]
                trouble = batch.troubles.get(i)
                if shape is None and trouble is None and corner is None:
                    continue  # the length of a side, between the rows of its corners
                if plot is None or self._ends(plot, name, shape, corner == first):
                    if plot is not None:
                        yield plot
                    values = [_cell(batch, field_name, i) for field_name in self.fields]
                    plot = _Plot(number, name, values, ring=ring)
                    first = corner
                _take(plot, shape, trouble, ring)
        if plot is not None:
            yield plot

    def _ends(self, plot: _Plot, name: Any, shape: BaseGeometry | None, counted: bool) -> bool:
        """Whether the next row is of another outline; `counted` tells that its corner is called
        as the first was."""
        if self.columns.plot is not None:
            return name is not None and name != plot.name
        ring = plot.rings[-1]
        if plot.closed:
            return plot.ring is None
        return counted and len(ring) > 2 and shape is not None and _at(shape) != ring[0]


def _take(plot: _Plot, shape: BaseGeometry | None, trouble: Trouble | None, ring: Any) -> None:
    if shape is None:
        plot.trouble = plot.trouble or trouble or Trouble("no_geometry")
        return
    plot.trouble = plot.trouble or trouble
    if plot.closed or (ring is not None and ring != plot.ring and plot.rings[-1]):
        plot.rings.append([])
    plot.ring = ring if ring is not None else plot.ring
    plot.rings[-1].append(_at(shape))


def _at(shape: BaseGeometry) -> tuple[float, float]:
    x, y = shapely.get_coordinates(shape)[0]
    return float(x), float(y)


def _cell(batch: Batch, name: str | None, i: int) -> Any:
    value = batch.columns[name][i] if name is not None and name in batch.columns else None
    return None if value is None or (isinstance(value, str) and not value.strip()) else value


def _row(plot: _Plot) -> Row:
    if plot.trouble is not None:
        return Row(plot.number, plot.values, None, plot.trouble)
    rings = [ring for ring in plot.rings if ring]
    if any(len(set(ring)) < 3 for ring in rings):
        fewest = min(len(set(ring)) for ring in rings)
        return Row(plot.number, plot.values, None, Trouble("few_corners", None, str(fewest)))
    mark = "ring_closed" if any(ring[0] != ring[-1] for ring in rings) else None
    closed = [ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in rings]
    return Row(plot.number, plot.values, whole(closed), None, mark)


def all_shapes(
    source: Source, limit: int, *, every: bool
) -> tuple[Shapes, tuple[int, Trouble] | None, int]:
    """The shapes of a small source, the first row that cannot be read, and how many positions
    there were; reading ends beyond `limit` positions. With `every`, a row without a place is one
    that cannot be read: without one of its corners an outline is another outline."""
    parts: list[Shapes] = []
    positions = 0
    for batch in source.batches():
        missing = shapely.is_missing(batch.shapes) | shapely.is_empty(batch.shapes)
        for i, number in enumerate(batch.numbers):
            trouble = batch.troubles.get(i)
            if trouble is None and every and missing[i]:
                trouble = Trouble("no_geometry")
            if trouble is not None:
                return np.empty(0, dtype=object), (number, trouble), positions
        there = batch.shapes[~missing]
        positions += int(shapely.get_num_coordinates(there).sum())
        parts.append(there)
        if positions > limit:
            break
    found: Shapes = np.concatenate(parts) if parts else np.empty(0, dtype=object)
    return found, None, positions
