"""Hamlets in the farm land: a few dozen small houses near the by-pass and the long-distance main.

They give the area class of high-pressure mains something to be about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely

from gridwarden.sample.homes import DWELLING
from gridwarden.sample.mains import Mains
from gridwarden.sample.places import apart
from gridwarden.sample.plan import Plan, Shapes
from gridwarden.sample.streets import BYPASS, Edges

NAMES = "东西南北前后上下大小新老"


@dataclass
class Hamlets:
    """One row per house."""

    shape: Shapes
    name: list[str]
    households: list[int]

    def columns(self, first: int, day: date) -> dict[str, list[Any]]:
        """What the building archive has of them, numbered from `first`."""
        count = len(self.shape)
        return {
            "source_id": [f"B-{first + at:06d}" for at in range(count)],
            "name": self.name,
            "storeys": [float(1 + at % 2) for at in range(count)],
            "use": [DWELLING] * count,
            "water_system_state": ["none"] * count,
            "households": self.households,
            "accuracy_m": [0.5] * count,
            "source_date": [(day - timedelta(days=124)).isoformat()] * count,
        }


def make_hamlets(plan: Plan, edges: Edges, mains: Mains) -> Hamlets:
    """Every hamlet has up to 24 houses, some 90 m inside the by-pass, clear of mains and roads."""
    dice = plan.dice("hamlets")
    count = max(4, len(plan.xs) // 6)
    shapes: list[shapely.Geometry] = []
    names: list[str] = []
    for number in range(count):
        depth = BYPASS - float(dice.uniform(75, 105))
        share = 0.12 + 0.8 * number / count
        middle = [
            np.array([plan.width * share, -depth]), np.array([-depth, plan.height * share]),
            np.array([plan.width * share, plan.height + depth]),
        ][number % 3]  # fmt: skip
        x, y = (part.ravel() for part in np.meshgrid(np.arange(-51, 52, 20.0), [-33, -11, 11, 33]))
        at = middle + np.stack([x, y], axis=1) + dice.uniform(-2, 2, (len(x), 2))
        size = dice.uniform(8.5, 12.0, (len(x), 2)) / 2
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        placed = plan.bend(at[:, None] + corners[None] * size[:, None])
        shapes += list(np.asarray(shapely.polygons(np.round(placed, 3))))
        names += [f"样例{NAMES[number % len(NAMES)]}村{house + 1}号" for house in range(len(x))]
    houses = np.array(shapes, dtype=object)
    roads = shapely.buffer(_near(houses, shapely.STRtree(edges.lines())), 20.0)
    pipes = shapely.buffer(_near(houses, mains.tree), 25.0)
    kept = apart(houses, np.concatenate([roads, pipes]), 1.0)
    lived = dice.integers(1, 4, len(houses))
    return Hamlets(houses[kept], [names[at] for at in kept], [int(lived[at]) for at in kept])


def _near(houses: Shapes, lines: shapely.STRtree) -> Shapes:
    """The lines that one of the houses may stand too near."""
    found = lines.query(houses, predicate="dwithin", distance=30.0)[1]
    return np.asarray(lines.geometries[np.unique(found)])
