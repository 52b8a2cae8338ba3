"""Who lives where: households of every house, and dwellings that are let, some overcrowded."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely

from gridwarden.sample.blocks import Blocks, Buildings
from gridwarden.sample.files import Dataset
from gridwarden.sample.plan import Plan

DWELLING = "住宅"
PER_RENTED = 22
"""Houses for one rented dwelling on the list."""


def households(
    plan: Plan, blocks: Blocks, made: Buildings, of_estate: list[int]
) -> list[int | None]:
    """Households of every building: by floor space, and adding up to those of the estate."""
    dice = plan.dice("households")
    home = np.array([use == DWELLING for use in made.use])
    found: list[int | None] = [None] * len(made.use)
    villagers = dice.integers(1, 5, len(made.use))
    estates = blocks.estates().tolist()
    for at in np.flatnonzero(home & ~np.isin(made.block, estates)).tolist():
        found[at] = int(villagers[at]) if villagers[at] < 4 or dice.random() < 0.8 else None
    space = shapely.area(made.shape) * made.storeys
    ends = np.searchsorted(made.block, np.array([estates, [at + 1 for at in estates]]))
    for count, first, last in zip(of_estate, *ends.tolist(), strict=True):
        mine = first + np.flatnonzero(home[first:last])
        if not len(mine):
            continue
        share = space[mine] / space[mine].sum() * count
        whole = np.floor(share).astype(int)
        rest = np.argsort(whole - share, kind="stable")[: count - int(whole.sum())]
        whole[rest] += 1
        for at, number in zip(mine.tolist(), whole.tolist(), strict=True):
            found[at] = int(number)
    return found


def rented(plan: Plan, made: Buildings, names: list[str], day: date) -> Dataset:
    """Dwellings that are let: most as they should be, some crowded, partitioned, or a kitchen."""
    dice = plan.dice("rented dwellings")
    homes = [at for at, use in enumerate(made.use) if use == DWELLING]
    count = max(40, len(homes) // PER_RENTED)
    chosen = sorted(dice.choice(homes, count, replace=False).tolist())
    rows = [_dwelling(dice, int(made.storeys[at]), names[at]) for at in chosen]
    middle = shapely.get_coordinates(shapely.centroid(made.shape[chosen]))
    places = shapely.points(np.round(middle + dice.uniform(-1.5, 1.5, middle.shape), 3))
    codes = [f"Z-{at:05d}" for at in range(count)]
    columns: dict[str, list[Any]] = {
        "source_id": codes,
        "code": codes,
        **{name: [row[name] for row in rows] for name in rows[0]},
        "accuracy_m": [5.0] * count,
        "source_date": [(day - timedelta(days=40)).isoformat()] * count,
    }
    return Dataset(
        "rented-dwellings", "rented_dwellings", "rented_dwellings.csv", np.asarray(places), columns
    )


def _dwelling(dice: np.random.Generator, storeys: int, house: str) -> dict[str, Any]:
    luck = dice.random()
    area = round(float(dice.uniform(28, 115)), 1)
    occupants = int(dice.integers(1, max(2, int(area // 12)) + 1))
    row: dict[str, Any] = {
        "name": f"{house}{int(dice.integers(1, 4))}单元{int(dice.integers(1, storeys + 1))}01室",
        "area_m2": area, "occupants": occupants, "most_in_a_room": min(occupants, 2),
        "partition_added": False, "let_room": str(dice.choice(["whole", "bedroom"])),
    }  # fmt: skip
    if luck < 0.06:
        crowd = int(area // 5) + int(dice.integers(1, 5))
        row |= {"occupants": crowd, "most_in_a_room": int(dice.integers(3, 7))}
    elif luck < 0.10:
        row |= {"partition_added": True}
    elif luck < 0.13:
        room = str(dice.choice(["kitchen", "balcony", "basement", "store", "living_room"]))
        row |= {"let_room": room, "area_m2": round(float(dice.uniform(6, 11)), 1), "occupants": 1}
        row["most_in_a_room"] = 1
    elif luck < 0.16:
        row |= {"occupants": None, "partition_added": None}
    return row
