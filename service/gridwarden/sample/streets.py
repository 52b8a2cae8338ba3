"""Streets: a ring, arterials with bridges, local streets that stop at the river, a by-pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from gridwarden.sample.names import street_name
from gridwarden.sample.plan import MARGIN, RIVER_WIDTH, STEPS, Numbers, Plan, Shapes

HALF_WIDTH = {"local": 11.0, "arterial": 19.0, "ring": 40.0, "bypass": 30.0}
"""From the middle of a street to the building line, metres."""
PAVED = {"local": 12.0, "arterial": 28.0, "ring": 40.0, "bypass": 26.0}
MAIN_OFFSET = {"local": 7.0, "arterial": 13.0, "ring": 20.0, "bypass": 45.0}
"""From the middle of a street to the gas main beside it, metres."""
BYPASS = 480.0
"""How far outside the ring the by-pass runs, base metres."""


@dataclass
class Edges:
    """Street pieces between two crossings; row k of every list belongs to the same piece."""

    line: list[Numbers] = field(default_factory=list)
    offset: list[Numbers] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    west: list[bool] = field(default_factory=list)
    place: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def add(self, key: tuple[str, int, int], line: Numbers, kind: str, west: bool) -> None:
        """Take one piece in; its main's line runs to the left of its direction."""
        self.place[key] = len(self.line)
        self.line.append(line)
        self.kind.append(kind)
        self.name.append(street_name(key[0], key[1], kind))
        self.code.append(f"R-{key[0]}{key[1]:03d}-{key[2]:03d}")
        self.west.append(west)

    def lines(self) -> Shapes:
        """Every piece's middle as a shape."""
        return line_shapes(self.line)


def line_shapes(lines: Sequence[Numbers]) -> Shapes:
    """LineStrings of lists of points, all at once."""
    rows = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    return np.asarray(shapely.linestrings(np.concatenate(lines), indices=rows))


def served(edges: Edges, plan: Plan) -> list[int]:
    """Street pieces with lines in the ground: all but bridges, the by-pass, the ways out to it,
    and the southernmost pieces of the north–south streets, which gas services cross."""
    found = []
    for (letter, _, piece), at in edges.place.items():
        bridge = letter == "H" and piece == plan.river_column
        if letter in "VH" and not bridge and not (letter == "V" and piece == 0):
            found.append(at)
    return found


def left_of(line: Numbers, metres: float) -> Numbers:
    """The line moved to its left by so many metres, vertex by vertex (gentle bends only)."""
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    return np.asarray(line + metres * np.stack([-along[:, 1], along[:, 0]], axis=1))


def beside(edges: Edges, at: Sequence[int], metres: Sequence[float], trim: float = 30.0) -> Shapes:
    """Lines beside street pieces of the grid, each so many metres to the left of its middle.

    They end `trim` metres before the crossings, where they would meet the mains of the other
    street.
    """
    if not len(at):
        return np.empty(0, dtype=object)
    places = np.stack([edges.line[one] for one in at])
    along = np.gradient(places, axis=1)
    along /= np.linalg.norm(along, axis=2, keepdims=True)
    aside = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    places = places + np.asarray(metres)[:, None, None] * aside
    lines = shapely.linestrings(places)
    length = shapely.length(lines)
    first, last = np.minimum(trim, length * 0.4), np.maximum(length - trim, length * 0.6)
    run = np.cumsum(np.linalg.norm(np.diff(places, axis=1), axis=2), axis=1)[:, :-1]
    kept = np.pad(
        (first[:, None] < run) & (run < last[:, None]), ((0, 0), (1, 1)), constant_values=True
    )
    places[:, 0] = shapely.get_coordinates(shapely.line_interpolate_point(lines, first))
    places[:, -1] = shapely.get_coordinates(shapely.line_interpolate_point(lines, last))
    rows = np.nonzero(kept)[0]
    return np.asarray(shapely.linestrings(np.round(places[kept], 3), indices=rows))


def fine(cuts: Numbers) -> Numbers:
    """The cuts with STEPS − 1 points between each two."""
    places = np.arange((len(cuts) - 1) * STEPS + 1) / STEPS
    return np.interp(places, np.arange(len(cuts)), cuts)


def make_edges(plan: Plan) -> Edges:
    """All street pieces of the grid, then the by-pass and the roads that lead out to it."""
    edges = Edges()
    for name, here, cuts in (("V", plan.xs, plan.ys), ("H", plan.ys, plan.xs)):
        for number, place in enumerate(here):
            _street(edges, plan, name, number, float(place), cuts)
    _bypass(edges, plan)
    _ways_out(edges, plan)
    return edges


def kind_of(number: int, last: int) -> str:
    """Outermost streets form the ring, every third one inside is an arterial."""
    if number in (0, last):
        return "ring"
    return "arterial" if number % 3 == 0 else "local"


def _street(edges: Edges, plan: Plan, name: str, number: int, place: float, cuts: Numbers) -> None:
    along = fine(cuts)
    across = np.full_like(along, place)
    base = np.stack([across, along] if name == "V" else [along, across], axis=1)
    line = plan.bend(base)
    kind = kind_of(number, len(plan.xs if name == "V" else plan.ys) - 1)
    main = left_of(line, MAIN_OFFSET[kind])
    for piece in range(len(cuts) - 1):
        cut = slice(piece * STEPS, (piece + 1) * STEPS + 1)
        if name == "H" and kind == "local" and piece == plan.river_column:
            continue  # only arterials and the ring have bridges
        middle = base[piece * STEPS + STEPS // 2]
        west = bool(middle[0] < plan.river(middle[1:])[0])
        edges.add((name, number, piece), line[cut], kind, west)
        edges.offset.append(main[cut])


def _bypass(edges: Edges, plan: Plan) -> None:
    """A by-pass with rounded corners, cut every 600 m or so; HA west and north, HB elsewhere."""
    box = shapely.box(0, 0, plan.width, plan.height).buffer(BYPASS, quad_segs=6)
    outline = shapely.get_coordinates(shapely.segmentize(box.exterior, 100.0))
    line = plan.bend(outline)
    main = left_of(line, MAIN_OFFSET["bypass"])
    for piece, start in enumerate(range(0, len(line) - 1, 6)):
        cut = slice(start, min(start + 7, len(line)))
        middle = outline[cut].mean(axis=0)
        west = bool(middle[0] / plan.width < middle[1] / plan.height)
        edges.add(("B", 0, piece), line[cut], "bypass", west)
        edges.offset.append(main[cut])


def _ways_out(edges: Edges, plan: Plan) -> None:
    """Arterials go on from the ring to the by-pass."""
    for name, cuts, far in (("V", plan.xs, plan.height), ("H", plan.ys, plan.width)):
        for number in range(3, len(cuts) - 1, 3):
            for side, (start, end) in enumerate(((-BYPASS, 0.0), (far, far + BYPASS))):
                along = np.linspace(start, end, STEPS + 1)
                across = np.full_like(along, cuts[number])
                pair = [across, along] if name == "V" else [along, across]
                line = plan.bend(np.stack(pair, axis=1))
                west = bool(pair[0].mean() / plan.width < pair[1].mean() / plan.height)
                edges.add((f"O{name}", number, side), line, "arterial", west)
                edges.offset.append(left_of(line, MAIN_OFFSET["arterial"]))


def river_polygon(plan: Plan) -> shapely.Polygon:
    """The water, for keeping things out of it; it is no layer."""
    count = max(80, round((plan.height + 2 * MARGIN) / 75))
    y = np.linspace(-MARGIN, plan.height + MARGIN, count)
    middle = plan.river(y)
    left = np.stack([middle - RIVER_WIDTH / 2, y], axis=1)
    right = np.stack([middle + RIVER_WIDTH / 2, y], axis=1)
    return shapely.Polygon(plan.bend(np.concatenate([left, right[::-1]])))
