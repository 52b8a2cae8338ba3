"""Gas mains of two companies: trunks at the by-pass, a sub-high ring, street mains, services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from gridwarden.sample.blocks import ESTATES, Blocks, Buildings
from gridwarden.sample.names import JIA, YI, street_name
from gridwarden.sample.plan import STEPS, TRUNK_BLOCKS, Numbers, Plan, one_of
from gridwarden.sample.streets import Edges, fine, kind_of, left_of, line_shapes

DIAMETERS = {"HA": (500, 600), "HB": (400, 450), "SHA": (300, 350), "SHB": (250, 300)}
STREET_DIAMETERS = {"MA": (200, 250, 315), "MB": (110, 160, 200), "L": (63, 90, 110)}
STEEL_DIAMETERS = {"MA": (200, 250, 300), "MB": (100, 150, 200), "L": (50, 65, 80)}
OUTER = {50: 60.3, 65: 76.1, 80: 88.9, 100: 114.3, 150: 168.3, 200: 219.1, 250: 273.0}
OUTER |= {300: 323.9, 350: 355.6, 400: 406.4, 450: 457.0, 500: 508.0, 600: 610.0}
PRESSURES = {"HA": 4.0, "HB": 2.5, "SHA": 1.6, "SHB": 0.8, "MA": 0.4, "MB": 0.2, "L": 0.005}
NUMBERS_OF = {"bypass": "T", "ring": "S", "arterial": "A", "local": "M", "service": "F"}
NUMBERS_OF |= {"transmission": "L", "trunk": "G"}
TRUNK_OFFSET = -12.0
"""From the middle of an arterial to its trunk main, which lies to the right; metres."""


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

    @cached_property
    def tree(self) -> shapely.STRtree:
        """An index of all of them, asked for when the last has been added."""
        return shapely.STRtree(line_shapes(self.line))


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
    if plan.size.dense:
        for line, west, where in _trunks(plan):
            mains.add(line, "trunk", west, where)
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


def _trunks(plan: Plan) -> Iterator[tuple[Numbers, bool, str]]:
    """Mains of some kilometres, a point every 50 m, on the free side of every arterial."""
    for name, here, cuts in (("V", plan.xs, plan.ys), ("H", plan.ys, plan.xs)):
        along = fine(cuts)
        for number in range(3, len(here) - 1, 3):
            across = np.full_like(along, here[number])
            base = np.stack([across, along] if name == "V" else [along, across], axis=1)
            line = left_of(plan.bend(base), TRUNK_OFFSET)
            for start in range(0, len(cuts) - 1, TRUNK_BLOCKS):
                cut = slice(start * STEPS, (start + TRUNK_BLOCKS) * STEPS + 1)
                middle = base[cut].mean(axis=0)
                west = bool(middle[0] < plan.river(middle[1:])[0])
                yield line[cut], west, street_name(name, number, "arterial")


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
        for reach in _branches(plan, fronts[block], dice):
            yield blocks.place(np.array([block, block]), reach), west, where


def _branches(plan: Plan, fronts: list[float], dice: np.random.Generator) -> Iterator[Numbers]:
    """Pipes before rows of houses (metres right and up of the block's middle), from the lane or
    through it. A dense city has one before every row, and some that leave the lane both ways."""
    first = int(dice.integers(0, 2))
    for number, up in enumerate(fronts if plan.size.dense else fronts[first::2]):
        side = one_of(dice, (-1.0, 1.0))
        through = dice.random() < 0.55 or side < 0
        if through and plan.size.dense and number % 5 < 2:
            yield np.array([[-116.0, up], [0.0, up]])
            through = False
        yield np.array([[-116.0 if through else 0.0, up], [116.0, up]])


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
    """For each estate the rows, metres up of its middle, 3 m south of a row of houses."""
    low: list[list[tuple[float, float]]] = [[] for _ in blocks.kind]
    homes = np.flatnonzero(np.isin(buildings.block, blocks.estates()))
    block = buildings.block[homes]
    corners = shapely.get_coordinates(buildings.shape[homes]).reshape(-1, 5, 2)
    east = blocks.east[block][:, None]
    away = corners - blocks.centre[block][:, None]
    up = away[..., 1] * east[..., 0] - away[..., 0] * east[..., 1]
    for at, south, north in zip(*(a.tolist() for a in (block, up.min(1), up.max(1))), strict=True):
        low[at].append((south, north))
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


PIPES = {"bypass": "高压管", "trunk": "次高压干管", "transmission": "输气管"}
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
    if kind == "trunk":
        return "SHB"
    if kind == "service":
        return "L"
    return "MA" if kind == "arterial" or dice.random() < 0.2 else "MB"


def _record(mains: Mains, at: int, dice: np.random.Generator, day: date) -> dict[str, object]:
    kind, west = mains.kind[at], mains.west[at]
    pressure = class_of(kind, west, dice)
    year = int(dice.integers(day.year - 32, day.year))
    material, dn, outer = _pipe(pressure, year, dice)
    chance = dice.random(8).tolist()
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
        "p_mop_mpa": None if silent else PRESSURES[pressure] * one_of(dice, (1.0, 0.9)),
        "material": material,
        "dn": None if chance[2] < 0.015 else dn,
        "od_mm": None if chance[2] < 0.015 or chance[3] < 0.45 else outer,
        "wall_mm": round(0.03 * outer, 1) if material == "steel" and chance[4] < 0.5 else None,
        "laying": "直埋" if kind == "service" else one_of(dice, ("直埋", "直埋", "定向钻")),
        "depth_top_m": round(float(dice.uniform(0.7, 2.1)), 2) if chance[5] < 0.9 else None,
        "depth_ref": "top",
        "year_laid": year,
        "status": _status(chance[6], kind),
        "accuracy_m": None if chance[7] < 0.02 else accuracy,
        "survey_date": (day - timedelta(days=int(dice.integers(60, 2700)))).isoformat(),
        "source_date": (day - timedelta(days=32)).isoformat(),
    }
    return row | LONG_DISTANCE if kind == "transmission" else row


def _status(chance: float, kind: str) -> str:
    if kind in ("bypass", "ring", "trunk"):
        return "in_use"
    for limit, status in ((0.015, "planned"), (0.035, "abandoned"), (0.045, "idle")):
        if chance < limit:
            return status
    return "in_use"


def _pipe(pressure: str, year: int, dice: np.random.Generator) -> tuple[str, int, float]:
    """Material, nominal and outer diameter: high pressure is steel, the rest mostly PE by now."""
    if pressure in DIAMETERS:
        dn = one_of(dice, DIAMETERS[pressure])
        return "steel", dn, OUTER[dn]
    if year < 2003:
        dn = one_of(dice, STEEL_DIAMETERS[pressure])
        return "steel", dn, OUTER[dn]
    dn = one_of(dice, STREET_DIAMETERS[pressure])
    return "pe", dn, float(dn)
