"""The whole city: every part drawn, named and put into datasets."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gridwarden.sample import beside, enclosed, files, fire, registers, underground
from gridwarden.sample.blocks import Blocks, Buildings, make_blocks, make_buildings
from gridwarden.sample.files import Dataset
from gridwarden.sample.hamlets import make_hamlets
from gridwarden.sample.homes import households, rented
from gridwarden.sample.mains import Mains, make_mains, records
from gridwarden.sample.names import (
    CITY,
    CITY_EN,
    DISTRICTS,
    YI,
    contractor,
    estate_name,
    organisations,
    property_company,
)
from gridwarden.sample.places import (
    make_coverage,
    make_digs,
    make_grids,
    make_sheds,
    make_sites,
    structures_on_mains,
)
from gridwarden.sample.plan import CRS, REFERENCE_DATE, Plan, Shapes, Size, make_plan
from gridwarden.sample.plants import Planted, built_in, plant
from gridwarden.sample.streets import PAVED, Edges, line_shapes, make_edges

WATER_STATES = ("ok", "fault", "paralysed", "under_repair", "in_renewal_plan", "none")
WATER_SHARES = (0.8, 0.07, 0.03, 0.04, 0.04, 0.02)
CHINA = timezone(timedelta(hours=8))


def write_city(
    seed: int,
    size: str,
    folder: Path,
    day: date = REFERENCE_DATE,
    packs: Sequence[str] = ("cn-city-gas",),
) -> list[Dataset]:
    """Draw the city of a seed and write its files; returns what was written.

    Its test field proves the numbers of these built-in packs.
    """
    with _uncollected():
        datasets = make_city(seed, size, day, built_in(*packs))
    about: dict[str, object] = {
        "city": f"{CITY} {CITY_EN}", "fictitious": True, "seed": seed, "size": size,
        "reference_date": day.isoformat(), "crs": f"EPSG:{CRS}",
    }  # fmt: skip
    files.write(datasets, folder, about, day)
    return datasets


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's collector: millions of small rows make no cycles, only work for it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def make_city(
    seed: int, size: str | Size, day: date, packs: Sequence[dict[str, Any]]
) -> list[Dataset]:
    """Every dataset in the order of import; planted pairs straddle the numbers of the packs."""
    plan = make_plan(seed, size)
    edges = make_edges(plan)
    blocks = make_blocks(plan, edges)
    buildings = make_buildings(plan, blocks)
    mains = make_mains(plan, edges, blocks, buildings)
    corner = plan.field_corner()
    planted = plant(packs, (float(corner[0]), float(corner[1])), YI)
    told = records(plan, mains, day)
    estates = _estates(plan, blocks, day)
    homes = households(plan, blocks, buildings, estates.columns["households"])
    houses = _buildings(plan, edges, blocks, buildings, mains, homes, day)
    names = houses.columns["name"]
    lines = underground.make_lines(plan, edges, mains, told)
    spaces = enclosed.make_spaces(plan, edges, mains, buildings, names, lines)
    objects = beside.make_objects(plan, edges, blocks, mains, buildings.shape)
    drawn = [
        _organisations(),
        *_areas(plan, day),
        _roads(edges, day),
        *_mains(mains, told),
        estates,
        houses,
        *_sheds(plan, blocks, buildings, day),
        *_sites(plan, edges, blocks, day),
        _excavations(plan, edges, day),
        *underground.datasets(plan, edges, lines, day),
        enclosed.dataset(spaces, day),
        *beside.datasets(beside.make_trees(plan, edges, mains), objects, day),
        fire.dataset(fire.make_lanes(plan, blocks, buildings, names), day),
        rented(plan, buildings, names, day),
        *registers.datasets(plan, estates, day),
        *_planted(planted, day),
    ]
    return [files.compact(one) for one in drawn]


def _organisations() -> Dataset:
    rows = organisations()
    names = ("code", "name", "name_en", "kind", "phone", "duty_phone", "address")
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in names}
    columns = {"source_id": columns["code"]} | columns
    return Dataset("organisations", "organisations", "organisations.csv", None, columns)


def _areas(plan: Plan, day: date) -> list[Dataset]:
    made = make_grids(plan)
    districts: dict[str, list[Any]] = {
        "source_id": [row[0] for row in DISTRICTS],
        "code": [row[0] for row in DISTRICTS],
        "name": [CITY + row[1] for row in DISTRICTS],
        "name_en": [f"{row[2]} District" for row in DISTRICTS],
    }
    codes = [f"{DISTRICTS[of][0]}{at:03d}" for at, of in enumerate(made.district_of)]
    grids: dict[str, list[Any]] = {
        "source_id": codes,
        "code": codes,
        "name": [f"{DISTRICTS[of][1]}第{at}网格" for at, of in enumerate(made.district_of)],
        "community": [f"样例{at // 3 + 1}社区" for at in range(len(codes))],
    }
    areas = make_coverage(plan, day)
    coverage: dict[str, list[Any]] = {
        "source_id": [f"COV-{at}" for at in range(len(areas))],
        "name": [f"普查范围{at + 1}" for at in range(len(areas))],
        "operator": [one.operator for one in areas],
        "surveyed_on": [one.surveyed_on for one in areas],
        "update_days": [one.update_days for one in areas],
    }
    shapes = np.array([one.area for one in areas], dtype=object)
    return [
        Dataset("districts", "districts", "districts.geojson", made.districts, districts),
        Dataset("warden_grids", "warden_grids", "warden_grids.zip", made.grids, grids),
        Dataset("coverage", "coverage", "coverage.geojson", shapes, coverage),
    ]


def _roads(edges: Edges, day: date) -> Dataset:
    columns: dict[str, list[Any]] = {
        "source_id": edges.code,
        "code": edges.code,
        "name": edges.name,
        "class": edges.kind,
        "width_m": [PAVED[kind] for kind in edges.kind],
        "source_date": [(day - timedelta(days=210)).isoformat()] * len(edges.code),
    }
    lines = line_shapes([np.round(line, 3) for line in edges.line])
    return Dataset("roads", "roads", "roads.geojson", lines, columns)


def _mains(mains: Mains, columns: dict[str, list[Any]]) -> list[Dataset]:
    shapes = line_shapes(mains.line)
    found = []
    for name, org, west in (("jia", "ORG-JIA", True), ("yi", "ORG-YI", False)):
        mine = np.flatnonzero(np.array(mains.west) == west)
        part = {key: [cells[at] for at in mine] for key, cells in columns.items()}
        file = f"gas_pipelines_{name}.gpkg"
        found.append(Dataset(f"gas-{name}", "gas_pipelines", file, shapes[mine], part, org))
    return found


def _estates(plan: Plan, blocks: Blocks, day: date) -> Dataset:
    dice = plan.dice("estates")
    numbers = blocks.estates()
    outline = shapely.simplify(blocks.outline[numbers], 0.05)
    codes = [f"E-{at:04d}" for at in range(len(numbers))]
    columns: dict[str, list[Any]] = {
        "source_id": codes,
        "code": codes,
        "name": [estate_name(at) for at in range(len(numbers))],
        "households": [int(count) for count in dice.integers(300, 2600, len(numbers))],
        "property_company": [property_company(at) for at in range(len(numbers))],
        "accuracy_m": [0.5] * len(numbers),
        "source_date": [(day - timedelta(days=165)).isoformat()] * len(numbers),
    }
    shapes = np.asarray(shapely.set_precision(outline, 0.001))
    return Dataset("estates", "estates", "estates.gpkg", shapes, columns)


def _buildings(
    plan: Plan,
    edges: Edges,
    blocks: Blocks,
    made: Buildings,
    mains: Mains,
    homes: list[int | None],
    day: date,
) -> Dataset:
    dice = plan.dice("building records")
    extra = structures_on_mains(plan, edges, mains, made.shape, max(len(made.shape) // 100, 4))
    count, more = len(made.shape), len(extra)
    names = _building_names(blocks, made) + [f"临时建筑{at + 1}" for at in range(more)]
    storeys = [float(value) for value in made.storeys] + [1.0] * more
    metres = dice.uniform(2.8, 3.2, count + more)
    chance = dice.random((3, count + more))
    states = dice.choice(len(WATER_STATES), count + more, p=WATER_SHARES)
    columns: dict[str, list[Any]] = {
        "source_id": [f"B-{at:06d}" for at in range(count + more)],
        "name": names,
        "height_m": [
            round(float(levels * metre), 1) if luck < 0.8 else None
            for levels, metre, luck in zip(storeys, metres, chance[0], strict=True)
        ],
        "storeys": [
            levels if luck < 0.96 else None for levels, luck in zip(storeys, chance[1], strict=True)
        ],
        "use": made.use + [("商铺", "仓库", "住宅")[at % 3] for at in range(more)],
        "water_system_state": [
            WATER_STATES[state] if levels > 6 and luck < 0.93 else ("none" if levels <= 6 else None)
            for state, levels, luck in zip(states, storeys, chance[2], strict=True)
        ],
        "households": homes + [1 if at % 3 == 2 else None for at in range(more)],
        "accuracy_m": [
            None if luck > 0.985 else (0.1, 0.2, 0.3, 0.5)[int(luck * 4)] for luck in chance[0]
        ],
        "source_date": [(day - timedelta(days=124)).isoformat()] * (count + more),
    }
    far = make_hamlets(plan, edges, mains)
    for name, cells in columns.items():
        cells += far.columns(count + more, day).get(name, [None] * len(far.shape))
    shapes = np.concatenate([made.shape, extra, far.shape])
    return Dataset("buildings", "buildings", "buildings.gpkg", shapes, columns)


def _building_names(blocks: Blocks, made: Buildings) -> list[str]:
    estates = {int(block): estate_name(at) for at, block in enumerate(blocks.estates())}
    seen: dict[int, int] = {}
    names = []
    for block in made.block.tolist():
        seen[block] = seen.get(block, 0) + 1
        if block in estates:
            names.append(f"{estates[block]}{seen[block]}号楼")
        else:
            names.append(f"{block:03d}号街坊{seen[block]}号")
    return names


def _sheds(plan: Plan, blocks: Blocks, made: Buildings, day: date) -> list[Dataset]:
    dice = plan.dice("shed records")
    sheds = make_sheds(plan, blocks, made.shape)
    names = {int(block): estate_name(at) for at, block in enumerate(blocks.estates())}
    noon = datetime.combine(day, time(8, 0), CHINA)
    found = []
    for file, shapes, block, letter in (
        ("charging_sheds_points.csv", sheds.points, sheds.point_block, "P"),
        ("charging_sheds_areas.gpkg", sheds.boxes, sheds.box_block, "A"),
    ):
        count = len(shapes)
        places = dice.integers(8, 61, count)
        state = dice.choice(["working", "fault", "closed"], count, p=[0.87, 0.08, 0.05])
        codes = [f"C-{letter}{at:04d}" for at in range(count)]
        ages = dice.integers(1, 600, count)
        columns: dict[str, list[Any]] = {
            "source_id": codes,
            "code": codes,
            "name": [f"{names[int(at)]}充电棚" for at in block],
            "places": [int(value) for value in places],
            "free": [int(value) for value in dice.integers(0, places + 1)],
            "status": [str(value) for value in state],
            "status_at": [(noon - timedelta(minutes=int(age))).isoformat() for age in ages],
            "power_on": [bool(value) for value in state == "working"],
            "open_to_public": [bool(value) for value in dice.random(count) < 0.7],
            "accuracy_m": [(1.0 if letter == "P" else 0.3)] * count,
        }
        name = file.partition(".")[0].replace("_", "-")
        found.append(Dataset(name, "charging_sheds", file, shapes, columns))
    return found


def _sites(plan: Plan, edges: Edges, blocks: Blocks, day: date) -> list[Dataset]:
    dice = plan.dice("site records")
    sites = make_sites(plan, edges, blocks)
    stages = ("开挖", "基础", "主体", "装修", "管线迁改", "回填")
    found = []
    for file, shapes, names, letter in (
        ("construction_sites_areas.gpkg", sites.areas, sites.area_names, "A"),
        ("construction_sites_points.geojson", sites.points, sites.point_names, "P"),
    ):
        count = len(shapes)
        codes = [f"S-{letter}{at:03d}" for at in range(count)]
        start = [day - timedelta(days=int(age)) for age in dice.integers(5, 500, count)]
        columns: dict[str, list[Any]] = {
            "source_id": codes,
            "code": codes,
            "name": names,
            "stage": [stages[int(at)] for at in dice.integers(0, len(stages), count)],
            "contractor": [contractor(at) for at in range(count)],
            "starts_on": [one.isoformat() for one in start],
            "ends_on": [(one + timedelta(days=600)).isoformat() for one in start],
            "accuracy_m": [(0.5 if letter == "A" else 2.0)] * count,
        }
        name = file.partition(".")[0].replace("_", "-")
        found.append(Dataset(name, "construction_sites", file, shapes, columns))
    return found


def _excavations(plan: Plan, edges: Edges, day: date) -> Dataset:
    count = max(6, len(edges.line) // 45)
    shapes = make_digs(plan, edges, count)
    methods = ("mechanical", "hand", "trenchless", "borehole", "piling", "dewatering")
    codes = [f"X-{at:03d}" for at in range(count)]
    columns: dict[str, list[Any]] = {
        "source_id": codes,
        "code": codes,
        "name": [f"{at + 1}号开挖" for at in range(count)],
        "method": [methods[at % len(methods)] for at in range(count)],
        "depth_m": [1.0 + at % 5 * 0.5 for at in range(count)],
        "starts_on": [(day + timedelta(days=at)).isoformat() for at in range(count)],
        "ends_on": [(day + timedelta(days=at + 20)).isoformat() for at in range(count)],
        "contractor": [contractor(at + 1) for at in range(count)],
        "accuracy_m": [0.3] * count,
    }
    return Dataset("excavations", "excavations", "excavations.geojson", shapes, columns)


def _planted(planted: Sequence[Planted], day: date) -> list[Dataset]:
    found = []
    for layer in dict.fromkeys(one.layer for one in planted):
        mine = [one for one in planted if one.layer == layer]
        names = list(dict.fromkeys(name for one in mine for name in one.columns))
        columns: dict[str, list[Any]] = {
            "source_id": [one.source_id for one in mine],
            "name": [one.source_id for one in mine],
            "accuracy_m": [0.0] * len(mine),
            "source_date": [day.isoformat()] * len(mine),
        }
        columns |= {name: [one.columns.get(name) for one in mine] for name in names}
        shapes = _shapes([one.shape for one in mine])
        found.append(Dataset(f"plant-{layer}", layer, f"plant_{layer}.gpkg", shapes, columns))
    return found


def _shapes(shapes: Sequence[shapely.Geometry]) -> Shapes:
    whole = np.empty(len(shapes), dtype=object)
    whole[:] = list(shapes)
    return whole
