"""Gas mains of two companies: trunks at the by-pass, a sub-high ring, street mains, services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from gridwarden.sample.blocks import ESTATES, Blocks, Buildings
from gridwarden.sample.names import JIA, YI
from gridwarden.sample.plan import STEPS, Numbers, Plan
from gridwarden.sample.streets import Edges, kind_of

DIAMETERS = {"HA": (500, 600), "HB": (400, 450), "SHA": (300, 350), "SHB": (250, 300)}
STREET_DIAMETERS = {"MA": (200, 250, 315), "MB": (110, 160, 200), "L": (63, 90, 110)}
STEEL_DIAMETERS = {"MA": (200, 250, 300), "MB": (100, 150, 200), "L": (50, 65, 80)}
OUTER = {50: 60.3, 65: 76.1, 80: 88.9, 100: 114.3, 150: 168.3, 200: 219.1, 250: 273.0}
OUTER |= {300: 323.9, 350: 355.6, 400: 406.4, 450: 457.0, 500: 508.0, 600: 610.0}
PRESSURES = {"HA": 4.0, "HB": 2.5, "SHA": 1.6, "SHB": 0.8, "MA": 0.4, "MB": 0.2, "L": 0.005}
NUMBERS_OF = {"bypass": "T", "ring": "S", "arterial": "A", "local": "M", "service": "F"}
NUMBERS_OF |= {"transmission": "L"}


@dataclass
class Mains:
    """One row per main; None stands where the records are silent."""

    line: list[Numbers] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    west: list[bool] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    edge: list[int | None] = field(default_factory=list)

    def add(
        self, line: Numbers, kind: str, west: bool, where: str, edge: int | None = None
    ) -> None:
        """Take one main in, its line in the working CRS; `edge` is the street that it follows."""
        self.line.append(np.round(line, 3))
        self.kind.append(kind)
        self.west.append(west)
        self.where.append(where)
        self.edge.append(edge)

    def __len__(self) -> int:
        return len(self.line)


def make_mains(plan: Plan, edges: Edges, blocks: Blocks, buildings: Buildings) -> Mains:
    """Lines first: along streets, then the services of estates and villages."""
    dice = plan.dice("mains")
    mains = Mains()
    for at, kind in enumerate(edges.kind):
        if kind != "local" or dice.random() < 0.9:
            mains.add(edges.offset[at], kind, edges.west[at], edges.name[at], at)
    for line, west, where in _services(plan, edges, blocks, buildings, dice):
        mains.add(line, "service", west, where)
    for line in _transmission(plan):
        mains.add(line, "transmission", True, "样例南线")
    return mains


def _transmission(plan: Plan) -> Iterator[Numbers]:
    """One long-distance main through the southern outskirts, inside the by-pass, to a city gate.

    The southernmost houses stand within 200 m of it, so that its area class matters.
    """
    end = plan.width * 0.6
    cuts = np.linspace(-800.0, end, max(3, round((end + 800) / 1500)) + 1)
    for west, east in pairwise(cuts):
        x = np.linspace(west, east, 12)
        yield plan.bend(np.stack([x, -110.0 - 25.0 * np.sin(x / 400.0)], axis=1))


def _services(
    plan: Plan, edges: Edges, blocks: Blocks, buildings: Buildings, dice: np.random.Generator
) -> Iterator[tuple[Numbers, bool, str]]:
    """From the street main south of a block up its lane, with branches between the houses."""
    fronts = _fronts(blocks, buildings)
    for block, kind in enumerate(blocks.kind):
        if kind not in (*ESTATES, "village"):
            continue
        column, row = int(blocks.column[block]), int(blocks.row[block])
        edge = edges.place.get(("H", row, column))
        if edge is None or kind_of(row, plan.size.rows) == "ring":
            edge = edges.place[("V", column, row)]
        gate = edges.offset[edge][STEPS // 2]
        at = np.array([block])
        lane = [blocks.place(at, np.array([[0.0, up]]))[0] for up in (-112.0, 0.0, 112.0)]
        west, where = edges.west[edge], f"{edges.name[edge]}支线"
        yield _from_gate(gate, np.stack(lane), blocks, block), west, where
        if kind == "village":
            continue
        for up in fronts[block][dice.integers(0, 2) :: 2]:
            side = dice.choice([-1.0, 1.0])
            reach = np.array([[-116.0 if side < 0 else 0.0, up], [116.0, up]])
            if dice.random() < 0.55:
                reach[0, 0] = -116.0
            yield blocks.place(np.array([block, block]), reach), west, where


def _from_gate(gate: Numbers, lane: Numbers, blocks: Blocks, block: int) -> Numbers:
    """Gate to lane; from a gate in the west the pipe first follows the southern edge."""
    east = blocks.east[block]
    north = np.array([-east[1], east[0]])
    _, up = (gate - blocks.centre[block]) @ np.stack([east, north], axis=1)
    if up < -112:
        return np.concatenate([gate[None], lane])
    corner = blocks.place(np.array([block, block]), np.array([[-122.0, up], [-122.0, -119.0]]))
    foot = blocks.place(np.array([block]), np.array([[0.0, -119.0]]))
    return np.concatenate([gate[None], corner, foot, lane])


def _fronts(blocks: Blocks, buildings: Buildings) -> list[list[float]]:
    """For each block the rows, metres up of its middle, 3 m south of a row of houses."""
    low: list[list[tuple[float, float]]] = [[] for _ in blocks.kind]
    corners = shapely.get_coordinates(buildings.shape).reshape(-1, 5, 2)
    east = blocks.east[buildings.block][:, None]
    away = corners - blocks.centre[buildings.block][:, None]
    up = away[..., 1] * east[..., 0] - away[..., 0] * east[..., 1]
    for block, south, north in zip(buildings.block, up.min(1), up.max(1), strict=True):
        low[int(block)].append((float(south), float(north)))
    fronts = []
    for spans in low:
        rows = sorted({round(south, 1) - 3.0 for south, _ in spans})
        clear = [row for row in rows if not any(s - 1.8 < row < n + 1.8 for s, n in spans)]
        fronts.append([row for at, row in enumerate(clear) if at == 0 or row - clear[at - 1] > 8])
    return fronts


def records(plan: Plan, mains: Mains, day: date) -> dict[str, list[Any]]:
    """Every main's columns by the canonical record, gaps and old pipes included."""
    dice = plan.dice("main records")
    rows = [_record(mains, at, dice, day) for at in range(len(mains))]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return columns | _networks(plan, mains) | {"depth_top_m": _depths(plan, mains, columns)}


DEPTHS = {"service": 0.85, "bypass": 1.5, "transmission": 2.4}


def _depths(plan: Plan, mains: Mains, columns: dict[str, list[Any]]) -> list[float | None]:
    """Mains that meet lie equally deep, but for one in sixteen; what is not told stays so."""
    dice = plan.dice("depths")
    odd = dice.random(len(mains)) < 1 / 16
    deep = dice.uniform(0.7, 2.1, len(mains))
    level = dice.uniform(-0.02, 0.02, len(mains))
    return [
        None if told is None else round(float(d if o else DEPTHS.get(kind, 1.05) + bit), 2)
        for told, kind, o, d, bit in zip(
            columns["depth_top_m"], mains.kind, odd, deep, level, strict=True
        )
    ]


PIPES = {"bypass": "高压管", "transmission": "输气管"}
NETWORKS = {"service": "yard", "transmission": "transmission"}
LONG_DISTANCE: dict[str, object] = {
    "pressure_class": "XH", "p_design_mpa": 6.3, "p_mop_mpa": 6.0, "material": "steel",
    "dn": 700, "od_mm": 711.0, "wall_mm": 14.2, "laying": "直埋", "status": "in_use",
    "accuracy_m": 0.3,
}  # fmt: skip


def _networks(plan: Plan, mains: Mains) -> dict[str, list[Any]]:
    """Network of every main; area class of those above 1.6 MPa, in some places behind the town."""
    dice = plan.dice("networks")
    classes = dice.choice(["1", "2", ""], len(mains), p=[0.75, 0.2, 0.05])
    long = iter(["1", "3", "2", *["3"] * len(mains)])
    area: list[str | None] = []
    for kind, class_ in zip(mains.kind, classes, strict=True):
        said = str(class_) if kind == "bypass" else next(long) if kind == "transmission" else ""
        area.append(said or None)
    networks = [
        None if kind == "local" and at % 40 == 7 else NETWORKS.get(kind, "city")
        for at, kind in enumerate(mains.kind)
    ]
    return {"network": networks, "area_class": area}


def class_of(kind: str, west: bool, dice: np.random.Generator) -> str:
    """The pressure class by the street that the main follows."""
    if kind == "bypass":
        return "HA" if west else "HB"
    if kind == "transmission":
        return "HA"
    if kind == "ring":
        return "SHA" if west else "SHB"
    if kind == "service":
        return "L"
    return "MA" if kind == "arterial" or dice.random() < 0.2 else "MB"


def _record(mains: Mains, at: int, dice: np.random.Generator, day: date) -> dict[str, object]:
    kind, west = mains.kind[at], mains.west[at]
    pressure = class_of(kind, west, dice)
    year = int(dice.integers(day.year - 32, day.year))
    material, dn, outer = _pipe(pressure, year, dice)
    chance = dice.random(8)
    silent = chance[0] < 0.015
    age = day.year - year
    accuracy = round(float(dice.uniform(0.05, 0.15) + age * dice.uniform(0.0, 0.015)), 2)
    letter = "J" if west else "Y"
    code = f"{letter}-{NUMBERS_OF[kind]}{at:05d}"
    row: dict[str, object] = {
        "source_id": code,
        "pipe_id": code,
        "code": code,
        "name": f"{mains.where[at]}{PIPES.get(kind, '燃气管')}",
        "operator": JIA if west else YI,
        "medium": "natural_gas",
        "pressure_class": None if silent or chance[1] < 0.03 else pressure,
        "p_design_mpa": None if silent else PRESSURES[pressure],
        "p_mop_mpa": None if silent else PRESSURES[pressure] * float(dice.choice([1.0, 0.9])),
        "material": material,
        "dn": None if chance[2] < 0.015 else dn,
        "od_mm": None if chance[2] < 0.015 or chance[3] < 0.45 else outer,
        "wall_mm": round(0.03 * outer, 1) if material == "steel" and chance[4] < 0.5 else None,
        "laying": "直埋" if kind == "service" else str(dice.choice(["直埋", "直埋", "定向钻"])),
        "depth_top_m": round(float(dice.uniform(0.7, 2.1)), 2) if chance[5] < 0.9 else None,
        "depth_ref": "top",
        "year_laid": year,
        "status": _status(float(chance[6]), kind),
        "accuracy_m": None if chance[7] < 0.02 else accuracy,
        "survey_date": (day - timedelta(days=int(dice.integers(60, 2700)))).isoformat(),
        "source_date": (day - timedelta(days=32)).isoformat(),
    }
    return row | LONG_DISTANCE if kind == "transmission" else row


def _status(chance: float, kind: str) -> str:
    if kind in ("bypass", "ring"):
        return "in_use"
    for limit, status in ((0.015, "planned"), (0.035, "abandoned"), (0.045, "idle")):
        if chance < limit:
            return status
    return "in_use"


def _pipe(pressure: str, year: int, dice: np.random.Generator) -> tuple[str, int, float]:
    """Material, nominal and outer diameter: high pressure is steel, the rest mostly PE by now."""
    if pressure in DIAMETERS:
        dn = int(dice.choice(DIAMETERS[pressure]))
        return "steel", dn, OUTER[dn]
    if year < 2003:
        dn = int(dice.choice(STEEL_DIAMETERS[pressure]))
        return "steel", dn, OUTER[dn]
    dn = int(dice.choice(STREET_DIAMETERS[pressure]))
    return "pe", dn, float(dn)
