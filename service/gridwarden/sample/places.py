"""Sheds, building sites, digs, small structures that somebody put on a main, and areas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import shapely

from gridwarden.sample.blocks import Blocks, NDArrayInt, rectangles
from gridwarden.sample.mains import Mains
from gridwarden.sample.names import JIA, YI
from gridwarden.sample.plan import FIELD, MARGIN, Numbers, Plan, Shapes
from gridwarden.sample.streets import Edges


def made_up_boxes(lines: Shapes, along: Numbers, aside: Numbers, size: Numbers) -> Shapes:
    """Boxes (width along, depth across) beside lines; `aside` is metres to the left of each."""
    length = shapely.length(lines)
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines, along * length))
    there = shapely.get_coordinates(
        shapely.line_interpolate_point(lines, np.minimum(along * length + 1.0, length))
    )
    ahead = there - here
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    half = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    corners = half[None] * size[:, None]
    middle = here + left * aside[:, None]
    placed = (
        middle[:, None] + corners[:, :, :1] * ahead[:, None] + corners[:, :, 1:] * left[:, None]
    )
    return np.asarray(shapely.polygons(np.round(placed, 3)))


def apart(shapes: Shapes, others: Shapes, room: float = 0.5) -> NDArrayInt:
    """Numbers of the shapes that keep `room` metres from `others` and from earlier ones kept."""
    near_others = shapely.STRtree(others).query(shapes, predicate="dwithin", distance=room)[0]
    tree = shapely.STRtree(shapes)
    mine, theirs = tree.query(shapes, predicate="dwithin", distance=room)
    dropped = set(near_others.tolist())
    for first, second in sorted(zip(mine.tolist(), theirs.tolist(), strict=True)):
        if second > first and first not in dropped:
            dropped.add(second)
    return np.array([at for at in range(len(shapes)) if at not in dropped], dtype=np.int64)


def clear_of(mains: Mains, shapes: Shapes, room: float = 4.5) -> NDArrayInt:
    """Numbers of the shapes that keep `room` metres from every main."""
    near = set(mains.tree.query(shapes, predicate="dwithin", distance=room)[0].tolist())
    return np.array([at for at in range(len(shapes)) if at not in near], dtype=np.int64)


def structures_on_mains(
    plan: Plan, edges: Edges, mains: Mains, standing: Shapes, count: int
) -> Shapes:
    """Sheds, stalls and annexes (3 to 9 m) that somebody built over or right beside a main."""
    dice = plan.dice("structures on mains")
    chosen = np.flatnonzero([kind in ("arterial", "local", "service") for kind in mains.kind])
    pick = dice.choice(chosen, count * 3, replace=False)
    lines = np.array([shapely.LineString(mains.line[at]) for at in pick], dtype=object)
    size = dice.uniform(3, 9, (len(pick), 2))
    aside = (size[:, 1] / 2) * dice.choice([-1, 1], len(pick)) + dice.normal(0, 1.2, len(pick))
    boxes = made_up_boxes(lines, dice.uniform(0.35, 0.9, len(pick)), aside, size)
    streets = np.array([shapely.LineString(line) for line in edges.line], dtype=object)
    free = apart(boxes, np.concatenate([standing, shapely.buffer(streets, 1.5)]))
    return np.asarray(boxes[free][:count])


@dataclass(frozen=True)
class Sheds:
    """Charging sheds: points where only the place is known, small polygons elsewhere."""

    points: Shapes
    point_block: NDArrayInt
    boxes: Shapes
    box_block: NDArrayInt


def make_sheds(plan: Plan, blocks: Blocks, standing: Shapes) -> Sheds:
    """One or two per estate beside the lane, a few on the pipe; two quarters have none at all."""
    dice = plan.dice("sheds")
    estates = blocks.estates()
    empty = np.array([[0.17, 0.24], [0.83, 0.8]]) * [plan.width, plan.height]
    away = np.linalg.norm(blocks.centre[estates][:, None] - plan.bend(empty)[None], axis=2).min(
        axis=1
    )
    served = estates[away > 0.24 * min(plan.width, plan.height, 4000)]
    block = np.concatenate([served, served])[: round(len(served) * plan.size.sheds)]
    up = np.where(np.arange(len(block)) < len(served), -84.0, 70.0) + dice.uniform(
        -6, 6, len(block)
    )
    pipe = dice.random(len(block)) < 0.1
    right = np.where(pipe, dice.uniform(0, 2.2, len(block)), dice.uniform(5.5, 7, len(block)))
    right *= dice.choice([-1, 1], len(block))
    local = np.stack([right, up], axis=1)
    as_point = dice.random(len(block)) < 0.55
    boxes = rectangles(
        blocks,
        block,
        np.concatenate(
            [local, np.full((len(block), 1), 2.4), dice.uniform(8, 16, (len(block), 1))], axis=1
        ),
    )
    points = np.asarray(shapely.points(np.round(blocks.place(block, local), 3)))
    kept = np.flatnonzero(~as_point)
    kept = kept[apart(boxes[kept], standing, 0.3)]
    return Sheds(points[as_point], block[as_point], boxes[kept], block[kept])


@dataclass(frozen=True)
class Sites:
    """Building sites: red lines, and points where only the address is known."""

    areas: Shapes
    area_names: list[str]
    points: Shapes
    point_names: list[str]


def make_sites(plan: Plan, edges: Edges, blocks: Blocks) -> Sites:
    """Whole blocks being built, trenches along streets, and points beside streets."""
    dice = plan.dice("sites")
    count = max(plan.size.sites * len(blocks.kind) // 120, 20)
    works = np.flatnonzero([kind == "works" for kind in blocks.kind])[: count // 4]
    lots = shapely.buffer(blocks.outline[works], -dice.uniform(0.5, 25, len(works)))
    chosen = np.flatnonzero([kind != "ring" for kind in edges.kind])
    pick = dice.choice(chosen, count - len(works), replace=False)
    lines = np.array([shapely.LineString(edges.line[at]) for at in pick], dtype=object)
    size = np.stack([dice.uniform(25, 90, len(pick)), dice.uniform(5, 16, len(pick))], axis=1)
    aside = dice.uniform(-28, 34, len(pick))
    trenches = made_up_boxes(lines, dice.uniform(0.2, 0.8, len(pick)), aside, size)
    names = [
        f"{edges.name[at]}{('排水', '道路改造', '综合管廊', '地铁站')[at % 4]}工程" for at in pick
    ]
    half = len(pick) // 2
    points = shapely.centroid(trenches[half:])
    return Sites(
        np.concatenate([lots, trenches[:half]]),
        [f"样例{int(at):03d}号地块" for at in works] + names[:half],
        np.asarray(shapely.set_precision(points, 0.001)),
        names[half:],
    )


def make_digs(plan: Plan, edges: Edges, count: int) -> Shapes:
    """Small trenches in streets that were asked about lately."""
    dice = plan.dice("digs")
    pick = dice.choice(np.flatnonzero([kind == "local" for kind in edges.kind]), count)
    lines = np.array([shapely.LineString(edges.line[at]) for at in pick], dtype=object)
    size = np.stack([dice.uniform(6, 30, count), dice.uniform(1.2, 3, count)], axis=1)
    return made_up_boxes(lines, dice.uniform(0.2, 0.8, count), dice.uniform(-9, 9, count), size)


@dataclass(frozen=True)
class Grids:
    """Warden grids, and the districts that they add up to, without gaps."""

    grids: Shapes
    district_of: NDArrayInt
    districts: Shapes


def make_grids(plan: Plan) -> Grids:
    """Six districts, three columns by two rows, each of at least 3 × 3 warden grids."""
    east = plan.width + MARGIN
    river = float(plan.river(np.array([plan.height / 2]))[0])
    columns = _cuts([-MARGIN, river, plan.width * 0.86, east + FIELD[0]], 850)
    top = plan.height + MARGIN
    top = max(top, plan.height / 2 + FIELD[1] / 2 + 450)
    rows = _cuts([-MARGIN, plan.height / 2, top], 850)
    xs, ys = columns[0], rows[0]
    grids, district = [], []
    for up in range(len(ys) - 1):
        for right in range(len(xs) - 1):
            ring = _outline(xs[right], ys[up], xs[right + 1], ys[up + 1])
            grids.append(shapely.Polygon(np.round(plan.bend(ring), 3)))
            # names.DISTRICTS begins in the north-west
            district.append(columns[1][right] + 3 * (1 - rows[1][up]))
    cells = np.array(grids, dtype=object)
    of = np.array(district, dtype=np.int64)
    wholes = [shapely.coverage_union_all(cells[of == number]) for number in range(6)]
    return Grids(cells, of, np.array(wholes, dtype=object))


def _cuts(edges: list[float], step: float) -> tuple[Numbers, list[int]]:
    """The edges with even cuts between them; and for each interval the part it belongs to."""
    cuts, part = [edges[0]], []
    for number, (start, end) in enumerate(pairwise(edges)):
        count = max(3, round((end - start) / step))
        cuts += np.linspace(start, end, count + 1)[1:].tolist()
        part += [number] * count
    return np.array(cuts), part


def _outline(left: float, low: float, right: float, high: float, steps: int = 4) -> Numbers:
    """A rectangle with points along its sides, so that bending keeps neighbours together."""
    x, y = np.linspace(left, right, steps + 1), np.linspace(low, high, steps + 1)
    return np.concatenate(
        [
            np.stack([x, np.full_like(x, low)], axis=1)[:-1],
            np.stack([np.full_like(y, right), y], axis=1)[:-1],
            np.stack([x, np.full_like(x, high)], axis=1)[::-1][:-1],
            np.stack([np.full_like(y, left), y], axis=1)[::-1][:-1],
        ]
    )


@dataclass(frozen=True)
class Coverage:
    """One surveyed area: its operator, the day of the survey, days until the next is due."""

    area: shapely.Geometry
    operator: str
    surveyed_on: str
    update_days: int


def make_coverage(plan: Plan, day: date) -> list[Coverage]:
    """West of the river by one company (its south-west overdue), east by the other, with a gap.

    Neighbours share the very points of the river's middle, so that no sliver lies between them.
    """
    low, top = -MARGIN * 0.95, max(plan.height + MARGIN, plan.height / 2 + FIELD[1] / 2 + 450) - 45
    west, east = -MARGIN * 0.95, plan.width + MARGIN + FIELD[0] - 45
    y = np.linspace(low, top, max(60, round((top - low) / 100)))
    bank = np.stack([plan.river(y), y], axis=1)
    cut = int(np.flatnonzero(y <= plan.height * 0.45)[-1])

    def area(ring: Numbers) -> shapely.Polygon:
        return shapely.Polygon(np.round(plan.bend(ring), 3))

    def side(keep: Numbers, x: float) -> shapely.Polygon:
        edge = np.linspace(keep[-1, 1], keep[0, 1], 20)
        return area(np.concatenate([keep, np.stack([np.full_like(edge, x), edge], axis=1)]))

    gap = area(_outline(plan.width * 0.64, low - 100, plan.width * 0.86, plan.height * 0.2, 12))
    return [
        Coverage(side(bank[cut:], west), JIA, _before(day, 197), 730),
        Coverage(side(bank[: cut + 1], west), JIA, _before(day, 1251), 365),
        Coverage(side(bank, east).difference(gap), YI, _before(day, 149), 730),
    ]


def _before(day: date, days: int) -> str:
    return (day - timedelta(days=days)).isoformat()
