"""What stands beside the streets: trees, poles, a tramway, a railway, stockpiles, walled yards."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from gridwarden.sample.blocks import Blocks, rectangles
from gridwarden.sample.enclosed import street_boxes
from gridwarden.sample.files import Dataset
from gridwarden.sample.mains import Mains
from gridwarden.sample.places import apart, clear_of, made_up_boxes
from gridwarden.sample.plan import Plan, Shapes
from gridwarden.sample.streets import MAIN_OFFSET, Edges, beside, left_of, served

SPECIES = (("香樟", False), ("悬铃木", True), ("银杏", False), ("国槐", True), ("杨树", True))
FAR_SIDE = {"local": -10.3, "arterial": -14.6, "ring": -22.0}
"""From the middle of a street to the trees and poles on the side without the gas main, metres."""
PYLON_LINE = 700.0
RAILWAY = 250.0
"""How far north of the ring the pylons stand and the railway runs, base metres."""

Objects = list[tuple[shapely.Geometry, dict[str, Any]]]


def _row(kind: str, name: str, kv: float | None = None, deep: bool | None = None) -> dict[str, Any]:
    return {"name": name, "kind": kind, "voltage_kv": kv, "deep_rooted": deep}


def _clear(found: Objects, mains: Mains) -> Objects:
    shapes = np.array([shape for shape, _ in found], dtype=object)
    return [found[at] for at in clear_of(mains, shapes).tolist()]


def make_trees(plan: Plan, edges: Edges, mains: Mains) -> Objects:
    """Rows of trees on some streets; a few stand on or beside the main, one pair at the by-pass."""
    dice = plan.dice("trees")
    found: Objects = []
    for at in served(edges, plan):
        if dice.random() < 0.13:
            name, deep = SPECIES[int(dice.integers(0, len(SPECIES)))]
            line = beside(edges, [at], [FAR_SIDE[edges.kind[at]]])[0]
            for place in np.arange(6.0, line.length, 24.0):
                told = deep if dice.random() < 0.9 else None
                found.append((line.interpolate(place), _row("tree", name, deep=told)))
    found = _clear(found, mains)
    local = [at for at in served(edges, plan) if edges.kind[at] == "local"]
    bypass = [at for at, kind in enumerate(edges.kind) if kind == "bypass"]
    count = max(6, len(local) // 35)
    for streets, low, high in (
        (dice.choice(local, count, replace=False).tolist(), -0.8, 0.8),
        (dice.choice(bypass, 2, replace=False).tolist(), 2.0, 4.0),
    ):
        for at in streets:
            name, deep = SPECIES[int(dice.integers(0, len(SPECIES)))]
            line = shapely.LineString(left_of(edges.offset[at], float(dice.uniform(low, high))))
            place = line.interpolate(float(dice.uniform(0.2, 0.45)), normalized=True)
            found.append((place, _row("tree", name, deep=deep)))
    return found


def make_objects(
    plan: Plan, edges: Edges, blocks: Blocks, mains: Mains, standing: Shapes
) -> Objects:
    """Everything but trees."""
    dice = plan.dice("street objects")
    return [
        *_poles(plan, edges, mains, dice),
        *_pylons(plan, edges),
        *_clear(_rails(plan, edges), mains),
        *_piles_and_yards(plan, edges, blocks, standing, dice),
    ]


def _poles(plan: Plan, edges: Edges, mains: Mains, dice: np.random.Generator) -> Objects:
    """Lamps on arterials, power poles on local streets, and some of both hard by the main."""
    found: Objects = []
    hard_by: Objects = []
    wrong = {"arterial": 3, "local": 3}
    for at in dice.permutation(served(edges, plan)).tolist():
        kind = edges.kind[at]
        if kind == "ring" or dice.random() > (0.25 if kind == "arterial" else 0.1):
            continue
        lamp = kind == "arterial"
        row = (
            _row("lighting_pole", f"{edges.name[at]}路灯杆", 0.22)
            if lamp
            else _row("pole", f"{edges.name[at]}电杆", float(dice.choice([0.4, 10.0])))
        )
        line = beside(edges, [at], [FAR_SIDE[kind]])[0]
        found += [(line.interpolate(place), row) for place in np.arange(10.0, line.length, 45.0)]
        if wrong[kind]:
            wrong[kind] -= 1
            near = shapely.LineString(left_of(edges.offset[at], -0.6))
            hard_by.append((near.interpolate(0.35, normalized=True), row))
    return _clear(found, mains) + hard_by


def _pylons(plan: Plan, edges: Edges) -> Objects:
    """A 110 kV line through the northern outskirts, and one pylon too near the by-pass' main."""
    x = np.arange(-500.0, plan.width + 100.0, 260.0)
    middle = plan.bend(np.stack([x, np.full_like(x, plan.height + PYLON_LINE)], axis=1))
    feet = [shapely.box(*(place - 3.5), *(place + 3.5)) for place in middle]
    bypass = next(at for at, kind in enumerate(edges.kind) if kind == "bypass")
    line = np.array([shapely.LineString(edges.offset[bypass])], dtype=object)
    feet += made_up_boxes(line, np.array([0.4]), np.array([6.5]), np.array([[7.0, 7.0]])).tolist()
    return [(foot, _row("pole", f"样例北线{at + 1}号铁塔", 110.0)) for at, foot in enumerate(feet)]


def _rails(plan: Plan, edges: Edges) -> Objects:
    """A tramway in one arterial, and a railway on its bank north of the town, between bridges.

    Both are surveyed piece by piece: where a street crosses, the rails lie in a slab of their own.
    """
    found: Objects = []
    number = 3 * ((len(plan.xs) - 2) // 3)
    for (letter, street, _), at in edges.place.items():
        if letter == "V" and street == number:
            rails = beside(edges, [at] * 4, (-2.7, -1.26, 1.26, 2.7), 26.0)
            shape = shapely.MultiLineString(rails.tolist())
            found.append((shape, _row("tramway", f"{edges.name[at]}有轨电车")))
    bridges = [-380.0, *plan.xs[3:-1:3].tolist(), plan.width + 200.0]
    for at, (west, east) in enumerate(pairwise(bridges)):
        x = np.linspace(west + 60.0, east - 60.0, 16)
        line = plan.bend(np.stack([x, np.full_like(x, plan.height + RAILWAY)], axis=1))
        bank = shapely.buffer(shapely.LineString(line), 7.0, cap_style="flat")
        found.append((bank, _row("railway", f"样例支线铁路{at + 1}段")))
    return found


def _piles_and_yards(
    plan: Plan, edges: Edges, blocks: Blocks, standing: Shapes, dice: np.random.Generator
) -> Objects:
    """Sand and rubble left on the pavement, yards walled in: a few with the main under them."""
    local = [at for at in served(edges, plan) if edges.kind[at] == "local"]
    count = max(3, len(local) // 60)
    streets = dice.choice(local, 3 * count, replace=False).tolist()
    main = MAIN_OFFSET["local"]
    boxes = [
        *street_boxes(edges, streets[:count], np.full(count, 0.2), main + 0.5, (8.0, 4.0)),
        *street_boxes(edges, streets[count : 2 * count], np.full(count, 0.6), -8.5, (7.0, 3.5)),
        *street_boxes(edges, streets[2 * count :], np.full(count, 0.78), main + 3.5, (24.0, 9.0)),
    ]
    green = [at for at, kind in enumerate(blocks.kind) if kind in ("park", "works")][:count]
    lots = rectangles(
        blocks, np.array(green), np.tile(np.array([[30.0, 20.0, 40.0, 30.0]]), (len(green), 1))
    )
    shapes = np.array([*boxes, *lots], dtype=object)
    rows = [
        *[_row("stockpile", f"{edges.name[at]}堆载") for at in streets[: 2 * count]],
        *[_row("compound", f"{edges.name[at]}围院") for at in streets[2 * count :]],
        *[_row("compound", f"{at:03d}号街坊围院") for at in green],
    ]
    return [(shapes[at], rows[at]) for at in apart(shapes, standing).tolist()]


def datasets(trees: Objects, objects: Objects, day: date) -> list[Dataset]:
    """Trees as a table of points, everything else in one GeoPackage."""
    found = []
    for name, rows, file, letter in (
        ("street-trees", trees, "street_trees.csv", "T"),
        ("street-objects", objects, "street_objects.gpkg", "O"),
    ):
        codes = [f"{letter}-{at:05d}" for at in range(len(rows))]
        columns: dict[str, list[Any]] = {
            "source_id": codes,
            "code": codes,
            **{key: [row[key] for _, row in rows] for key in rows[0][1]},
            "accuracy_m": [0.3] * len(codes),
            "source_date": [(day - timedelta(days=58)).isoformat()] * len(codes),
        }
        shapes = np.asarray(
            shapely.set_precision(np.array([shape for shape, _ in rows], dtype=object), 0.001)
        )
        found.append(Dataset(name, "street_objects", file, shapes, columns))
    return found
