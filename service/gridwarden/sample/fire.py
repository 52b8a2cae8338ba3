"""Fire lanes through the estates, turning places, and where a ladder stands before tall houses."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely

from gridwarden.sample.blocks import Blocks, Buildings, rectangles
from gridwarden.sample.files import Dataset
from gridwarden.sample.names import estate_name
from gridwarden.sample.places import apart
from gridwarden.sample.plan import Numbers, Plan, Shapes

TALL_STOREYS = 8
"""From here on a building has a climbing area, but for a few."""
STATES = ("ok", "occupied", "blocked")
SHARES = {
    "lane": (0.83, 0.12, 0.05), "climbing_area": (0.97, 0.025, 0.005), "turning_place": (1, 0, 0),
}  # fmt: skip
SUMS = {kind: np.cumsum(shares) for kind, shares in SHARES.items()}
Lanes = list[tuple[shapely.Geometry, dict[str, Any]]]


def make_lanes(plan: Plan, blocks: Blocks, made: Buildings, names: list[str]) -> Lanes:
    """One lane through the middle of every estate, and the climbing areas."""
    dice = plan.dice("fire lanes")
    return [*_lanes(blocks, dice), *_climbing_areas(made, names, dice)]


def _row(name: str, kind: str, width: float, length: float, dice: np.random.Generator) -> Any:
    return {
        "name": name, "kind": kind, "width_m": round(width, 2), "length_m": round(length, 1),
        "clear_height_m": round(float(dice.uniform(4.2, 6.0)), 2), "dead_end": False,
        "state": STATES[int(np.searchsorted(SUMS[kind], dice.random(), "right"))],
    }  # fmt: skip


def _lanes(blocks: Blocks, dice: np.random.Generator) -> Lanes:
    """Up the lane of the estate; one in five is a dead end, most of those with a turning place."""
    found: Lanes = []
    for number, block in enumerate(blocks.estates().tolist()):
        luck = dice.random(4)
        width = float(dice.uniform(4.0, 5.0) if luck[0] > 0.06 else dice.uniform(3.0, 3.8))
        row = _row(f"{estate_name(number)}消防车道", "lane", width, 218.0, dice)
        if luck[1] < 0.05:
            row["clear_height_m"] = round(float(dice.uniform(3.2, 3.9)), 2)
        elif luck[1] < 0.1:
            row["clear_height_m"] = None
        row["dead_end"] = bool(luck[2] < 0.2)
        at = np.array([block])
        lane = rectangles(blocks, at, np.array([[0.0, -3.0, width, 218.0]]))[0]
        found.append((lane, row))
        if row["dead_end"] and luck[3] < 0.75:
            place = rectangles(blocks, at, np.array([[0.0, 111.5, 12.0, 12.0]]))[0]
            turning = _row(f"{estate_name(number)}回车场", "turning_place", 12.0, 12.0, dice)
            found.append((place, turning))
    return found


def _climbing_areas(made: Buildings, names: list[str], dice: np.random.Generator) -> Lanes:
    """South of each tall house, 5.5 to 8 m from its wall, 10 m deep and 15 or 20 m long."""
    tall = np.flatnonzero((made.storeys >= TALL_STOREYS) & (dice.random(len(made.storeys)) < 0.96))
    boxes, rows = [], []
    for at in tall.tolist():
        length = 20.0 if made.storeys[at] * 3.0 > 50.0 else 15.0
        depth = float(10.0 if dice.random() > 0.04 else dice.uniform(7.0, 9.0))
        boxes.append((float(dice.uniform(5.5, 8.0)), length, depth))
        row = _row(f"{names[at]}登高操作场地", "climbing_area", depth, length, dice)
        rows.append(row | {"clear_height_m": None, "dead_end": None})
    shapes = _south_of(made.shape[tall], np.array(boxes))
    kept = apart(shapes, made.shape, 1.0)
    return [(shapes[at], rows[at]) for at in kept.tolist()]


def _south_of(houses: Shapes, boxes: Numbers) -> Shapes:
    """Rectangles (metres away, length, depth) before the first side of each house, which is its
    southern one."""
    west, east = shapely.get_coordinates(houses).reshape(-1, 5, 2)[:, :2].swapaxes(0, 1)
    side = np.linalg.norm(east - west, axis=1)
    ahead = (east - west) / side[:, None]
    south = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)
    middle = (west + east) / 2 + south * boxes[:, :1]
    half = ahead * np.minimum(boxes[:, 1], side)[:, None] / 2
    far = south * boxes[:, 2:]
    corners = [middle - half, middle + half, middle + half + far, middle - half + far]
    return np.asarray(shapely.polygons(np.round(np.stack(corners, axis=1), 3)))


def dataset(lanes: Lanes, day: date) -> Dataset:
    """All of them in one file."""
    codes = [f"L-{at:05d}" for at in range(len(lanes))]
    columns: dict[str, list[Any]] = {
        "source_id": codes,
        "code": codes,
        **{name: [row[name] for _, row in lanes] for name in lanes[0][1]},
        "accuracy_m": [0.3] * len(codes),
        "source_date": [(day - timedelta(days=75)).isoformat()] * len(codes),
    }
    shapes: Shapes = np.array([shape for shape, _ in lanes], dtype=object)
    return Dataset("fire-lanes", "fire_lanes", "fire_lanes.geojson", shapes, columns)
