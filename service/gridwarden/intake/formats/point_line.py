"""The survey firms' point table and line table, joined: pipes come as pairs of point numbers.

Either two tables (two sheets of a workbook, two texts in one zip): points with their positions,
and lines that name the point at each end; or one table, where each row is a point and names
the point that it is connected to (图上点号, 连接点号).
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely

from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Shapes, Source, Trouble, shown
from gridwarden.intake.formats.headers import spellings, with_unit
from gridwarden.intake.formats.positions import BadPositionError, coordinate

_WORDS: Final = {
    "point": """
        图上点号 点号 物探点号 管点编号 管点号 管线点号 管线点编号 外业点号 探测点号 测点号
        测点编号 点编号 点名 特征点号 实测点号
        point_no point_id point pointid pt_no node node_id exp_no""",
    "link": """
        连接点号 连接点 连接点编号 连接 连接方向 连接管点号 连接管点编号 连接物探点号 连向点号
        相连点号 连接图上点号
        connect connected_to linked_point link_point""",
    "start": """
        起点号 起点点号 起点编号 起点 起始点号 起始点编号 起始点 起点物探点号 起点管点编号
        起点管点号 起点图上点号 本点号 本点编号 上点号 首点号
        start start_point start_no start_id from from_node from_point s_point spoint""",
    "end": """
        终点号 终点点号 终点编号 终点 终止点号 终止点编号 终止点 终点物探点号 终点管点编号
        终点管点号 终点图上点号 连接点号 连接点编号 下点号 末点号
        end end_point end_no end_id to to_node to_point e_point epoint""",
    "depth": """
        埋深 埋深m 管顶埋深 管线埋深 管顶(沟底)埋深 中心埋深 depth depth_m depth_top_m""",
    "depth_start": """
        起点埋深 起点埋深m 起始埋深 起点管顶埋深 起始点埋深
        start_depth s_deep sdepth depth_start_m""",
    "depth_end": """
        终点埋深 终点埋深m 终止埋深 终点管顶埋深 终止点埋深
        end_depth e_deep edepth depth_end_m""",
}
"""What each column is called, as headers are compared; a unit in brackets is left out."""
WORDS: Final = {role: tuple(words.split()) for role, words in _WORDS.items()}
DEPTHS: Final = ("depth_start_m", "depth_end_m", "depth_top_m")
TABLES: Final = frozenset({"csv", "xlsx"})
SAME_M: Final = 0.001
"""Positions of one number that lie nearer than this are one point."""


def column(fields: Iterable[str], role: str) -> str | None:
    """The field that has a role, as its header says; None where there is none."""
    wanted = WORDS[role]
    named = {name: _spelt(name) for name in fields}
    return next((n for word in wanted for n, found in named.items() if word in found), None)


def _spelt(name: str) -> set[str]:
    found = set(spellings(name))
    for one in list(found):
        united = with_unit(one)
        if united is not None:
            found.add(united[0])
    return found


@dataclass(frozen=True, slots=True)
class Ends:
    """The columns of a table of lines: the numbers of both ends, and the depths there."""

    start: str
    end: str
    depth_start: str | None
    depth_end: str | None

    @classmethod
    def of(cls, fields: Sequence[str]) -> "Ends | None":
        """None for a table that is none of lines."""
        start = column(fields, "start") or column(fields, "point")
        end = column(fields, "end")
        if start is None or end is None or start == end:
            return None
        return cls(start, end, column(fields, "depth_start"), column(fields, "depth_end"))


def is_of_lines(source: Source) -> bool:
    """Whether a table names the points at both ends of lines, and has no positions of its own."""
    return source.kind in TABLES and not source.places and Ends.of(source.fields) is not None


def is_of_points(source: Source) -> bool:
    """Whether a table gives numbered points their positions."""
    placed = source.kind in TABLES and bool(source.places)
    return placed and column(source.fields, "point") is not None


def is_of_both(source: Source) -> bool:
    """Whether each row is a point and names the point that it is connected to."""
    return is_of_points(source) and column(source.fields, "link") is not None


def joined(source: Source, others: Iterable[Source]) -> Source:
    """A table of lines with the points of the same file; any other source as it is."""
    if not is_of_lines(source):
        return source
    tables = [other for other in others if is_of_points(other)]
    return TwoTables(source, tables) if tables else source


@dataclass(slots=True)
class Point:
    """A numbered point in the file's own numbers, its depth in metres where it is told."""

    x: float
    y: float
    depth_m: float | None
    twice: bool = False


def numbered(value: Any) -> str | None:
    """A point's number as it is compared: one width, no spaces, 12.0 as 12."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFKC", str(value)).strip().upper() or None


def points_of(tables: Iterable[Source]) -> dict[str, Point]:
    """The points of some tables by their numbers; one at two places is marked, and is none."""
    found: dict[str, Point] = {}
    for table in tables:
        number, depth = column(table.fields, "point"), column(table.fields, "depth")
        for batch in table.batches():
            for i in map(int, np.flatnonzero(~shapely.is_missing(batch.shapes))):
                name = numbered(batch.columns[number][i]) if number else None
                if name is None or shapely.get_type_id(batch.shapes[i]) != 0:
                    continue
                x, y = (float(v) for v in shapely.get_coordinates(batch.shapes[i])[0])
                known = found.get(name)
                if known is None:
                    found[name] = Point(x, y, _metres(batch.columns[depth][i] if depth else None))
                elif abs(known.x - x) > SAME_M or abs(known.y - y) > SAME_M:
                    known.twice = True
    return found


def _metres(value: Any) -> float | None:
    try:
        return coordinate(value, "plane")
    except BadPositionError:
        return None


class _Lines:
    """What both kinds have in common: rows with two point numbers become lines."""

    def __init__(self, rows: Source, points: Source, taken: Sequence[str | None]) -> None:
        self.kind, self.layer, self.encoding = rows.kind, rows.layer, rows.encoding
        self.claim = points.claim
        self.notes = rows.notes
        self.rows: int | None = rows.rows
        hidden = {*rows.places, *(name for name in taken if name)}
        kept = [name for name in rows.fields if name not in hidden]
        self.fields: tuple[str, ...] = (*kept, *(d for d in DEPTHS if d not in kept))
        self._points: dict[str, Point] | None = None

    @property
    def places(self) -> set[str]:
        """None: a line's place is that of its points."""
        return set()

    def _drawn(
        self, i: int, ends: tuple[Any, Any], names: tuple[str, str], troubles: dict[int, Trouble]
    ) -> shapely.LineString | None:
        """The line between two numbers; a trouble that names the number that is wrong."""
        assert self._points is not None
        found: list[Point] = []
        for value, name in zip(ends, names, strict=True):
            number = numbered(value)
            if number is None:
                troubles.setdefault(i, Trouble("no_point_number", name))
                return None
            point = self._points.get(number)
            if point is None or point.twice:
                reason = "no_such_point" if point is None else "point_number_twice"
                troubles.setdefault(i, Trouble(reason, name, shown(value)))
                return None
            found.append(point)
        one, other = found
        if (one.x, one.y) == (other.x, other.y):
            troubles.setdefault(i, Trouble("line_to_itself", names[1], shown(ends[1])))
            return None
        return shapely.LineString([(one.x, one.y), (other.x, other.y)])

    def _depth(self, value: Any) -> float | None:
        point = (self._points or {}).get(numbered(value) or "")
        return None if point is None or point.twice else point.depth_m

    def _batch(
        self,
        batch: Batch,
        keep: Sequence[int],
        names: tuple[str, str],
        depths: tuple[list[float | None], list[float | None]],
    ) -> Batch:
        """The kept rows of a batch with their lines and depths; the shallower end counts."""
        troubles = {k: batch.troubles[i] for k, i in enumerate(keep) if i in batch.troubles}
        shapes: Shapes = np.full(len(keep), None, dtype=object)
        starts, ends = batch.columns[names[0]], batch.columns[names[1]]
        for k, i in enumerate(keep):
            if k not in troubles:
                shapes[k] = self._drawn(k, (starts[i], ends[i]), names, troubles)
        columns: dict[str, list[Any]] = {
            name: [batch.columns[name][i] for i in keep]
            for name in self.fields
            if name in batch.columns
        }
        start, end = ([depth[i] for i in keep] for depth in depths)
        top = [
            min((d for d in pair if d is not None), default=None)
            for pair in zip(start, end, strict=True)
        ]
        columns |= {
            name: list(values)
            for name, values in zip(DEPTHS, (start, end, top), strict=True)
            if name not in columns
        }
        numbers = [batch.numbers[i] for i in keep]
        marks = {k: batch.marks[i] for k, i in enumerate(keep) if i in batch.marks}
        return Batch(
            batch.first_row, len(keep), columns, shapes, troubles, marks, numbers, batch.passed_over
        )


class TwoTables(_Lines):
    """The lines of one table, drawn between the points of others."""

    def __init__(self, lines: Source, points: Sequence[Source]) -> None:
        ends = Ends.of(lines.fields)
        assert ends is not None
        self.ends, self.lines, self.tables = ends, lines, points
        super().__init__(lines, points[0], (ends.depth_start, ends.depth_end))
        if column(lines.fields, "depth"):
            # The line's own depth counts, not one of those at its ends.
            self.fields = tuple(name for name in self.fields if name != "depth_top_m")
        else:
            self.notes.append("depth_shallower")

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The lines in the order of their table, by its row numbers."""
        if self._points is None:
            self._points = points_of(self.tables)
        for batch in self.lines.batches(size):
            names = (self.ends.start, self.ends.end)
            given = (self.ends.depth_start, self.ends.depth_end)
            depths = [
                [
                    _metres(batch.columns[own][i]) if own else self._depth(batch.columns[name][i])
                    for i in range(batch.size)
                ]
                for own, name in zip(given, names, strict=True)
            ]
            made = self._batch(batch, range(batch.size), names, (depths[0], depths[1]))
            made.columns = {name: made.columns[name] for name in self.fields}
            yield made


class OneTable(_Lines):
    """The lines of a table whose rows are points that name the points they are connected to.

    A line that both of its ends name is there once, as the first of them has it.
    """

    def __init__(self, table: Source) -> None:
        point, link = column(table.fields, "point"), column(table.fields, "link")
        assert point is not None and link is not None
        self.table, self.point, self.link = table, point, link
        self.depth = column(table.fields, "depth")
        super().__init__(table, table, (self.depth,))
        self.notes.append("lines_of_points")
        if self.depth:
            self.notes.append("depth_shallower")

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The lines in the order of the rows that name them first, by their row numbers."""
        if self._points is None:
            self._points = points_of([self.table])
        seen: set[frozenset[str]] = set()
        for batch in self.table.batches(size):
            one, other = batch.columns[self.point], batch.columns[self.link]
            keep: list[int] = []
            for i in range(batch.size):
                here, there = numbered(one[i]), numbered(other[i])
                if there is None and i not in batch.troubles:
                    continue  # a point at the end of its line
                pair = frozenset((here or "", there or ""))
                if pair in seen and i not in batch.troubles:
                    continue
                seen.add(pair)
                keep.append(i)
            if keep:
                depths = ([self._depth(v) for v in one], [self._depth(v) for v in other])
                yield self._batch(batch, keep, (self.point, self.link), depths)
