"""A city small enough to know by heart: two companies, two districts, 25 buildings, five mains."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql

from conftest import KeyMaker, bearer, client_of, make_key, owner
from gridwarden.layers.catalogue import layers
from gridwarden.settings import Settings

X, Y = 500_000.0, 3_380_000.0
"""The city's corner in the working CRS, EPSG:4547: 114° E, about 30.5° N."""
BUILDINGS = 25


@dataclass(frozen=True)
class Known:
    """The ids that tests ask for by name."""

    east_gas: int
    west_gas: int
    west: int
    east: int


@dataclass(frozen=True)
class SmallCity:
    """The settings, a client, and headers by role."""

    settings: Settings
    client: TestClient
    known: Known
    sign_in: KeyMaker

    def headers(self, role: str) -> dict[str, str]:
        """A key of `role`: the utility is the western company, everyone else sees the city."""
        if role == "utility":
            return self.sign_in(role, org_ids=(self.known.west_gas,))
        return self.sign_in(role, all_districts=True)


def box(west: float, south: float, size: float = 10) -> str:
    """A square of `size` metres, its corner so many metres from the city's."""
    w, s, e, n = X + west, Y + south, X + west + size, Y + south + size
    return f"SRID=4547;MULTIPOLYGON((({w} {s},{e} {s},{e} {n},{w} {n},{w} {s})))"


def put(c: psycopg.Connection, layer: str, geom: str | None, **columns: object) -> int:
    """One row of a layer, by hand."""
    dataset = c.execute(
        "insert into data.dataset (layer, name) values (%s, 'test')"
        " on conflict (layer, name) do update set name = excluded.name returning id",
        (layer,),
    ).fetchone()
    assert dataset
    count = c.execute(sql.SQL("select count(*) from {}").format(table(layer))).fetchone()
    assert count
    values = {"dataset_id": dataset[0], "source_id": f"s{count[0]}", "geom": geom, **columns}
    statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
        table(layer),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    made = c.execute(statement, list(values.values())).fetchone()
    assert made
    return int(made[0])


def table(layer: str) -> sql.Identifier:
    """The owner's table of a layer."""
    return sql.Identifier("data", layer)


def fill(c: psycopg.Connection) -> Known:
    """Every layer gets at least one row."""
    west_gas = put(c, "organisations", None, name="西城燃气", kind="gas_company")
    east_gas = put(c, "organisations", None, name="东城燃气", kind="gas_company")
    west = put(c, "districts", box(0, 0, 500), name="西区", code="W")
    east = put(c, "districts", box(500, 0, 500), name="东区", code="E")
    for n in range(BUILDINGS):
        extra = json.dumps({"n": n})
        put(c, "buildings", box(n * 40, 20), name=f"{n}号楼", height_m=3.0 * n, extra=extra)
    for n in range(5):
        line = f"SRID=4547;MULTILINESTRING(({X + n * 200} {Y},{X + n * 200} {Y + 90}))"
        org = west_gas if n < 3 else east_gas
        put(c, "gas_pipelines", line, pipe_id=f"P{n}", org_id=org, pressure_class="MA", dn=110)
    point = f"SRID=4547;POINT({X + 5} {Y + 5})"
    put(c, "construction_sites", point, starts_on="2026-03-01", ends_on="2026-06-30")
    put(c, "construction_sites", point, starts_on="2026-10-01")
    put(c, "excavations", point, starts_on="2026-11-01", ends_on="2026-11-30")
    put(c, "charging_sheds", point, places=20, free=3)
    put(c, "estates", box(100, 100), households=400)
    put(c, "warden_grids", box(0, 0, 100), code="G1")
    put(c, "coverage", box(0, 0, 600), operator="西城燃气", surveyed_on="2026-01-15")
    put(c, "roads", f"SRID=4547;MULTILINESTRING(({X} {Y},{X + 900} {Y}))", name="一号路")
    put(c, "underground_lines", f"SRID=4547;MULTILINESTRING(({X} {Y + 9},{X + 900} {Y + 9}))")
    put(c, "enclosed_spaces", box(0, 20), kind="basement", depth_top_m=0.5, ventilated=False)
    put(c, "street_objects", point, kind="tree", deep_rooted=True)
    put(c, "fire_lanes", box(0, 40), kind="climbing_area", width_m=10.0, state="occupied")
    put(c, "rented_dwellings", point, area_m2=20.0, occupants=6, partition_added=True)
    for one in layers().values():
        if one.register and one.geometry == "any" and one.id != "rented_dwellings":
            put(c, one.id, point, name=one.title.zh)
    return Known(east_gas, west_gas, west, east)


@pytest.fixture(scope="module")
def small_city(module_city: Settings) -> Iterator[SmallCity]:
    """The small city, filled and served."""
    with owner(module_city) as c:
        known = fill(c)
        assert all(
            c.execute(sql.SQL("select 1 from {} limit 1").format(table(one))).fetchone()
            for one in layers()
        )
    with client_of(module_city) as client:
        yield SmallCity(
            module_city,
            client,
            known,
            lambda role, **rights: bearer(make_key(module_city, role, **rights)),
        )
