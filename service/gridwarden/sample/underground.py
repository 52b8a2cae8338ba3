"""Water, sewers, cables and heat lines beside the streets.

Most keep far more than their distance from the gas main on the other side of the street. A few
lie too near it, and a few house connections cross it, every third with too little between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from gridwarden.sample.files import Dataset
from gridwarden.sample.mains import Mains
from gridwarden.sample.places import clear_of
from gridwarden.sample.plan import Plan, one_of
from gridwarden.sample.streets import Edges, beside, left_of, served

ASIDE = {
    "sewer": {"local": 0.5, "arterial": 1.0, "ring": 6.0},
    "water": {"local": -3.5, "arterial": -5.0, "ring": -4.0},
    "heat": {"local": -5.8, "arterial": -9.5, "ring": -9.0},
    "power_cable": {"local": -7.5, "arterial": -15.5, "ring": -13.0},
    "comms_cable": {"local": -9.0, "arterial": -17.0, "ring": -15.0},
}
"""From the middle of a street to its lines, metres; the gas main lies to the left."""
SHARES = {"sewer": 0.7, "water": 0.8, "heat": 0.2, "power_cable": 0.45, "comms_cable": 0.4}
DEPTHS = {
    "sewer": (1.8, 3.4), "water": (0.9, 1.6), "heat": (1.2, 2.0),
    "power_cable": (0.7, 1.0), "comms_cable": (0.7, 1.1),
}  # fmt: skip
NAMES = {
    "sewer": "污水管", "water": "给水管", "heat": "热力管",
    "power_cable": "电力电缆", "comms_cable": "通信光缆",
}  # fmt: skip
OWNERS = {
    "sewer": "样例排水有限公司", "water": "样例自来水有限公司", "heat": "样例热力有限公司",
    "power_cable": "样例供电公司", "comms_cable": "样例通信有限公司",
}  # fmt: skip
LETTERS = {"sewer": "WS", "water": "JS", "heat": "RL", "power_cable": "DL", "comms_cable": "TX"}
DIAMETERS = {
    "sewer": ((300, 400, 600, 800), 1.15, "混凝土"),
    "water": ((100, 150, 200, 300), 1.1, "球墨铸铁"),
    "heat": ((150, 200, 300), 1.5, "钢"),
}
"""Nominal diameters, outer over nominal, and material; cables have none."""
TOO_NEAR_M = {"sewer": (0.3, 0.9), "heat": (0.3, 0.9)}
"""What is left between a badly laid line and the main; other kinds get under half a metre."""
FILES = {
    "pipes": ("gpkg", ("water", "sewer")),
    "cables": ("geojson", ("power_cable", "comms_cable")),
    "heat": ("gpkg", ("heat",)),
}


@dataclass
class Lines:
    """One row per line in the ground; row k of every list belongs to the same line."""

    shape: list[shapely.LineString] = field(default_factory=list)
    edge: list[int] = field(default_factory=list)
    record: list[dict[str, Any]] = field(default_factory=list)

    def add(self, shape: shapely.LineString, edge: int, record: dict[str, Any]) -> None:
        """Take one line in, with the street piece that it belongs to."""
        self.shape.append(shape)
        self.edge.append(edge)
        self.record.append(record)


def make_lines(plan: Plan, edges: Edges, mains: Mains, records: dict[str, list[Any]]) -> Lines:
    """Street by street, then the badly laid ones and the house connections."""
    dice = plan.dice("underground lines")
    drawn = [
        (at, _record(kind, dice))
        for at in served(edges, plan)
        for kind, share in SHARES.items()
        if dice.random() < share
    ]
    aside = [ASIDE[row["kind"]][edges.kind[at]] for at, row in drawn]
    shapes = beside(edges, [at for at, _ in drawn], aside)
    lines = Lines()
    for number in clear_of(mains, shapes).tolist():
        lines.add(shapes[number], *drawn[number])
    main_of = {edge: at for at, edge in enumerate(mains.edge) if edge is not None}
    measured = [
        at
        for at in served(edges, plan)
        if edges.kind[at] != "ring" and at in main_of
        and None not in (records["depth_top_m"][main_of[at]], records["od_mm"][main_of[at]])
    ]  # fmt: skip
    count = min(max(10, len(edges.kind) // 25), len(measured) // 2)
    chosen = dice.choice(measured, 2 * count, replace=False).tolist()
    for number, at in enumerate(chosen[:count]):
        _too_near(lines, edges, at, tuple(SHARES)[number % len(SHARES)], records, main_of, dice)
    for number, at in enumerate(chosen[count:]):
        _connection(lines, edges, at, number, records, main_of, dice)
    return lines


def _record(kind: str, dice: np.random.Generator) -> dict[str, Any]:
    low, high = DEPTHS[kind]
    row: dict[str, Any] = {
        "kind": kind, "laying": "direct", "voltage_kv": None, "dn": None, "od_mm": None,
        "depth_top_m": round(float(dice.uniform(low, high)), 2), "material": None,
    }  # fmt: skip
    if kind in DIAMETERS:
        sizes, outer, row["material"] = DIAMETERS[kind]
        row["dn"] = one_of(dice, sizes)
        row["od_mm"] = round(row["dn"] * outer, 1) if dice.random() < 0.8 else None
    if kind == "heat":
        row["laying"] = one_of(dice, ("direct", "trench"))
    if kind.endswith("cable"):
        row["laying"] = str(dice.choice(["direct", "duct", "trench"], p=[0.5, 0.4, 0.1]))
    if kind == "power_cable":
        row["voltage_kv"] = float(dice.choice([0.4, 10.0, 35.0], p=[0.3, 0.6, 0.1]))
    return row


def _too_near(
    lines: Lines, edges: Edges, at: int, kind: str, records: dict[str, list[Any]],
    main_of: dict[int, int], dice: np.random.Generator,
) -> None:  # fmt: skip
    """A stretch of 20 to 90 m with less beside the main than any table asks for."""
    row = _record(kind, dice)
    near, far = TOO_NEAR_M.get(kind, (0.15, 0.45))
    outer_mm = records["od_mm"][main_of[at]] + (row["od_mm"] or row["dn"] or 0.0)
    room = float(dice.uniform(near, far)) + outer_mm / 2000
    whole = shapely.LineString(left_of(edges.offset[at], -room))
    start = float(dice.uniform(0.15, 0.4))
    part = substring(whole, start, start + float(dice.uniform(0.07, 0.3)), normalized=True)
    lines.add(_rounded(part), at, row)


def _connection(
    lines: Lines, edges: Edges, at: int, number: int, records: dict[str, list[Any]],
    main_of: dict[int, int], dice: np.random.Generator,
) -> None:  # fmt: skip
    """Water to a house, across the main of the street: 5 cm under it every third time, else 40."""
    main = shapely.LineString(edges.offset[at])
    here, there = shapely.get_coordinates(
        [main.interpolate(share, normalized=True) for share in (0.3, 0.31)]
    )
    ahead = (there - here) / np.linalg.norm(there - here)
    left = np.array([-ahead[1], ahead[0]])
    shape = shapely.LineString([here - 9.0 * left, here + 3.5 * left])
    under = 0.05 if number % 3 == 0 else 0.4
    top, outer = (records[name][main_of[at]] for name in ("depth_top_m", "od_mm"))
    depth = round(top + outer / 1000 + under, 3)
    row = _record("water", dice) | {"dn": 50, "od_mm": 63.0, "material": "PE", "depth_top_m": depth}
    lines.add(_rounded(shape), at, row)


def _rounded(line: shapely.Geometry) -> shapely.LineString:
    return shapely.LineString(np.round(shapely.get_coordinates(line), 3))


def datasets(plan: Plan, edges: Edges, lines: Lines, day: date) -> list[Dataset]:
    """One file for each of the offices that keep such lines."""
    dice = plan.dice("line records")
    codes = [f"{LETTERS[row['kind']]}-{at:05d}" for at, row in enumerate(lines.record)]
    accuracy = dice.choice([0.1, 0.15, 0.2, 0.3], len(codes)).tolist()
    shapes = np.array(lines.shape, dtype=object)
    found = []
    for office, (ending, kinds) in FILES.items():
        mine = [at for at, row in enumerate(lines.record) if row["kind"] in kinds]
        rows = [lines.record[at] for at in mine]
        streets = [edges.name[lines.edge[at]] for at in mine]
        columns: dict[str, list[Any]] = {
            "source_id": [codes[at] for at in mine],
            "code": [codes[at] for at in mine],
            "name": [
                f"{where}{NAMES[row['kind']]}" for where, row in zip(streets, rows, strict=True)
            ],
            **{name: [row[name] for row in rows] for name in rows[0]},
            "operator": [OWNERS[row["kind"]] for row in rows],
            "accuracy_m": [accuracy[at] for at in mine],
            "source_date": [(day - timedelta(days=230)).isoformat()] * len(mine),
        }
        file = f"underground_lines_{office}.{ending}"
        found.append(Dataset(f"lines-{office}", "underground_lines", file, shapes[mine], columns))
    return found
