"""Blocks between the streets, and what stands in them: estates, villages, shops, parks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gridwarden.sample.plan import STEPS, Numbers, Plan, Shapes
from gridwarden.sample.streets import HALF_WIDTH, Edges, fine, kind_of, river_polygon

KINDS = ("slab", "tower", "mixed", "village", "commerce", "works", "park")
SHARES = (0.26, 0.18, 0.11, 0.13, 0.15, 0.08, 0.09)
ESTATES = ("slab", "tower", "mixed")
LANE = 9.0
"""Half the width of the lane through an estate, kept free of buildings, metres."""


@dataclass(frozen=True)
class Blocks:
    """One row per block: column and row, outline to the building lines, frame, kind."""

    column: NDArrayInt
    row: NDArrayInt
    outline: Shapes
    centre: Numbers
    east: Numbers
    kind: list[str]

    def place(self, block: NDArrayInt, local: Numbers) -> Numbers:
        """Metres right and up of a block's middle (n, 2) to the working CRS."""
        east = self.east[block]
        north = np.stack([-east[:, 1], east[:, 0]], axis=1)
        return np.asarray(self.centre[block] + local[:, :1] * east + local[:, 1:] * north)

    def estates(self) -> NDArrayInt:
        """Numbers of the blocks that are housing estates."""
        return np.flatnonzero([kind in ESTATES for kind in self.kind])


NDArrayInt = np.ndarray[tuple[int], np.dtype[np.int64]]


def make_blocks(plan: Plan, edges: Edges) -> Blocks:
    """Cut the grid into blocks; those in the river's column stay green."""
    columns, rows = plan.size.columns, plan.size.rows
    column, row = (part.ravel() for part in np.meshgrid(np.arange(columns), np.arange(rows)))
    whole = shapely.polygons(_rings(plan, column, row))
    streets = _street_areas(plan, column, row)
    outline = shapely.difference(whole, streets)
    river = column == plan.river_column
    outline[river] = shapely.difference(outline[river], river_polygon(plan).buffer(20))
    corners = [
        np.stack([plan.xs[column + right], plan.ys[row + up]], axis=1)
        for right, up in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    south_west, south_east, north_east, north_west = (plan.bend(corner) for corner in corners)
    east = south_east - south_west + north_east - north_west
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    kind = _kinds(plan, river)
    centre = shapely.get_coordinates(shapely.centroid(whole))
    return Blocks(column, row, outline, centre, east, kind)


def _rings(plan: Plan, column: NDArrayInt, row: NDArrayInt) -> Numbers:
    """The four sides of blocks, counter-clockwise from their south-west corners."""
    x = np.stack([fine(plan.xs[at : at + 2]) for at in range(plan.size.columns)])[column]
    y = np.stack([fine(plan.ys[at : at + 2]) for at in range(plan.size.rows)])[row]
    low, top = np.broadcast_to(y[:, :1], y.shape), np.broadcast_to(y[:, -1:], y.shape)
    left, right = np.broadcast_to(x[:, :1], x.shape), np.broadcast_to(x[:, -1:], x.shape)
    sides = [
        np.stack([x, low], axis=2)[:, :-1],
        np.stack([right, y], axis=2)[:, :-1],
        np.stack([x, top], axis=2)[:, ::-1][:, :-1],
        np.stack([left, y], axis=2)[:, ::-1][:, :-1],
    ]
    return plan.bend(np.concatenate(sides, axis=1))


def _street_areas(plan: Plan, column: NDArrayInt, row: NDArrayInt) -> Shapes:
    """Around each block, the ground that its four streets need."""
    rings = _rings(plan, column, row)
    rings = np.concatenate([rings, rings[:, :1]], axis=1)
    columns, rows = plan.size.columns, plan.size.rows
    numbers = ((row, rows), (column + 1, columns), (row + 1, rows), (column, columns))
    areas = []
    for side, (number, last) in enumerate(numbers):
        widths = np.array([HALF_WIDTH[kind_of(int(n), last)] for n in number])
        lines = shapely.linestrings(rings[:, side * STEPS : (side + 1) * STEPS + 1])
        areas.append(shapely.buffer(lines, widths, quad_segs=4))
    return np.asarray(shapely.union_all(np.stack(areas), axis=0))


def _kinds(plan: Plan, river: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[str]:
    """Shares of the town, shuffled; old villages gather at its edges by the shuffle's weights."""
    dice = plan.dice("kinds")
    dry = np.flatnonzero(~river)
    counts = np.floor(np.array(SHARES) * len(dry)).astype(int)
    counts[0] += len(dry) - counts.sum()
    deck = np.repeat(np.array(KINDS), counts)
    dice.shuffle(deck)
    kinds = np.full(len(river), "park", dtype=deck.dtype)
    kinds[dry] = deck
    return [str(kind) for kind in kinds]


@dataclass
class Buildings:
    """One row per building; heights as the building archive has them (nan where it has none)."""

    shape: Shapes
    block: NDArrayInt
    storeys: Numbers
    use: list[str]


def make_buildings(plan: Plan, blocks: Blocks) -> Buildings:
    """Buildings row by row inside each block, those that would stick out left away."""
    dice = plan.dice("buildings")
    parts = [_template(kind, dice) for kind in blocks.kind]
    block = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    table = np.concatenate(parts)
    shape = rectangles(blocks, block, table[:, :4])
    room = shapely.buffer(blocks.outline, -3.0)
    shapely.prepare(room)
    inside = shapely.contains_properly(room[block], shape)
    uses = [_use(blocks.kind[b], int(code)) for b, code in zip(block, table[:, 5], strict=True)]
    kept = np.flatnonzero(inside)
    return Buildings(shape[kept], block[kept], table[kept, 4], [uses[at] for at in kept])


def rectangles(blocks: Blocks, block: NDArrayInt, boxes: Numbers) -> Shapes:
    """Rectangles (right, up, width, depth around their middle) of blocks, in the working CRS."""
    half = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    corners = boxes[:, None, :2] + half[None] * boxes[:, None, 2:4]
    placed = blocks.place(np.repeat(block, 4), corners.reshape(-1, 2))
    return np.asarray(shapely.polygons(np.round(placed, 3).reshape(-1, 4, 2)))


def _use(kind: str, code: int) -> str:
    if kind in (*ESTATES, "village"):
        return "住宅" if code == 0 else ("商铺" if code == 1 else "幼儿园")
    return ("商场", "写字楼", "学校", "医院", "酒店", "仓库", "厂房")[code % 7]


def _template(kind: str, dice: np.random.Generator) -> Numbers:
    """Rows of (right, up, width, depth, storeys, use) in metres around the block's middle."""
    if kind == "slab":
        rows = np.arange(-110, 118, dice.uniform(29, 35))
        storeys = dice.choice([5, 6, 6, 6, 7])
        return _housing([-92, -34, 34, 92], rows, (48, 11.5), (storeys, storeys + 1), dice)
    if kind == "tower":
        rows = np.arange(-100, 110, dice.uniform(48, 56))
        low, high = dice.choice([[9, 12], [11, 19], [17, 34]])
        return _housing([-100, -37, 37, 100], rows, (27, 19), (low, high), dice)
    if kind == "mixed":
        south = _housing([-92, -34, 34, 92], np.array([-105.0, -73, -41]), (48, 11.5), (6, 9), dice)
        north = _housing([-100, -37, 37, 100], np.array([5.0, 57, 109]), (27, 19), (11, 27), dice)
        return np.concatenate([south, north])
    if kind == "village":
        return _village(dice)
    if kind == "commerce":
        return _commerce(dice)
    return np.empty((0, 6))


def _housing(
    right: list[float],
    up: Numbers,
    size: tuple[float, float],
    storeys: tuple[int, int],
    dice: np.random.Generator,
) -> Numbers:
    """Rows of equal houses beside the lane, a row of shops at the street, a kindergarten."""
    u, v = (part.ravel() for part in np.meshgrid(np.array(right), up))
    count = len(u)
    table = np.zeros((count, 6))
    table[:, 0] = u + dice.uniform(-1, 1, count)
    table[:, 1] = v + dice.uniform(-1, 1, count)
    table[:, 2:4] = np.array(size) * dice.uniform(0.94, 1.04, (count, 2))
    table[:, 4] = dice.integers(storeys[0], storeys[1], count)
    spare = int(dice.integers(0, count))
    table[spare, 2:6] = [min(size[0], 30), 14, 3, 2]
    return table


def _village(dice: np.random.Generator) -> Numbers:
    """Self-built houses, crooked and close, along a lane that leaves the pipe little room."""
    u, v = (
        part.ravel() for part in np.meshgrid(np.arange(-120, 121, 17), np.arange(-120, 121, 16))
    )
    keep = (dice.random(len(u)) < 0.52) & (np.abs(u) > 6)
    count = int(keep.sum())
    table = np.zeros((count, 6))
    table[:, 0] = u[keep] + dice.uniform(-2, 2, count)
    table[:, 1] = v[keep] + dice.uniform(-2, 2, count)
    table[:, 2] = dice.uniform(9, 12.5, count)
    table[:, 3] = dice.uniform(8, 11.5, count)
    table[:, 4] = dice.integers(1, 5, count)
    table[:, 5] = (dice.random(count) < 0.05).astype(float)
    return table


def _commerce(dice: np.random.Generator) -> Numbers:
    u, v = (part.ravel() for part in np.meshgrid(np.array([-88, 0, 88]), np.arange(-95, 100, 62)))
    count = len(u)
    table = np.zeros((count, 6))
    table[:, 0] = u + dice.uniform(-4, 4, count)
    table[:, 1] = v + dice.uniform(-4, 4, count)
    table[:, 2] = dice.uniform(32, 70, count)
    table[:, 3] = dice.uniform(22, 46, count)
    table[:, 4] = dice.choice([1, 2, 4, 5, 6, 7, 8, 12, 20], count)
    table[:, 5] = dice.integers(0, 7, count)
    return table
