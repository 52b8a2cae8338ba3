"""A small city with findings whose place and number the tests know, and Leaflet's files."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from conftest import owner
from gridwarden.settings import Settings

ROOT = Path(__file__).parents[2]
# South-west corner of the city, EPSG:4547: a corner of a 500 m cell, too.
X0, Y0 = 500_000, 3_400_000
PAYLOAD = 'A{{7*191}}B${1}<img src=x onerror="window.pwned=1">`\'"'
DISTRICT_PAYLOAD = "D{{7*191}}</script><script>window.pwned=2</script>"


def build_assets(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run script/assets for a home; packages are kept between test runs."""
    kept = Path.home() / ".cache" / "gridwarden-tests" / "npm"
    surroundings = {"npm_config_cache": str(kept), **environment, "GRIDWARDEN_HOME": str(home)}
    return subprocess.run(
        [str(ROOT / "script" / "assets")],
        env=os.environ | surroundings,
        capture_output=True,
        text=True,
        check=not environment,
    )


def add_dataset(c: psycopg.Connection[Any], layer: str) -> int:
    row = c.execute(
        "insert into data.dataset (layer, name, version, published_at)"
        " values (%s, 'test', 1, '2026-11-20T09:00:00Z') returning id",
        (layer,),
    ).fetchone()
    assert row
    return int(row[0])


def add_box(
    c: psycopg.Connection[Any], layer: str, dataset: int, name: str, box: tuple[float, ...]
) -> int:
    """A rectangular feature (west, south, east, north in metres from the city's corner)."""
    west, south, east, north = box
    row = c.execute(
        sql.SQL(
            "insert into {} (dataset_id, source_id, name, geom) values (%s,"
            " gen_random_uuid()::text, %s, st_multi(st_makeenvelope(%s, %s, %s, %s, 4547)))"
            " returning id"
        ).format(sql.Identifier("data", layer)),
        (dataset, name, X0 + west, Y0 + south, X0 + east, Y0 + north),
    ).fetchone()
    assert row
    return int(row[0])


@dataclass
class Planted:
    """Ids of what the city holds."""

    districts: list[int] = field(default_factory=list)
    companies: list[int] = field(default_factory=list)


# family, metres east and north of the corner, severity, certainty, company (0, 1 or None), district
FINDINGS = [
    ("main_encroachment", 100, 100, "major", "certain", 0, 0),
    ("main_encroachment", 120, 130, "major", "possible", 0, 0),
    ("main_encroachment", 140, 160, "serious", "certain", 1, 0),
    ("building_water", 150, 170, "major", "certain", None, 0),
    ("building_water", 160, 180, "general", "possible", None, 0),
    # exactly on a corner and on an edge: each belongs to the cell north-east of it
    ("building_water", 500, 500, "serious", "certain", None, 0),
    ("building_water", 1000, 250, "general", "certain", None, 0),
    ("site_near_main", 1700, 1700, "general", "possible", 1, 0),
    ("site_near_main", 2300, 300, "serious", "certain", 1, 1),
    ("building_water", 2310, 310, "major", "certain", None, 1),
    # outside every district
    ("building_water", -250, 250, "general", "certain", None, None),
]


def plant(settings: Settings) -> Planted:
    """Two districts of 2 × 2 km side by side, the western one surveyed, and FINDINGS."""
    made = Planted()
    with owner(settings) as c:
        sets = {
            layer: add_dataset(c, layer)
            for layer in ("districts", "coverage", "buildings", "organisations")
        }
        for name, west in ((DISTRICT_PAYLOAD, 0), ("东区", 2000)):
            box = (west, 0, west + 2000, 2000)
            made.districts.append(add_box(c, "districts", sets["districts"], name, box))
        add_box(c, "coverage", sets["coverage"], "west", (0, 0, 2000, 2000))
        for name in ("甲燃气", "乙燃气"):
            row = c.execute(
                "insert into data.organisations (dataset_id, source_id, name, kind)"
                " values (%s, %s, %s, 'gas_company') returning id",
                (sets["organisations"], name, name),
            ).fetchone()
            assert row
            made.companies.append(int(row[0]))
        for number, row in enumerate(FINDINGS):
            _plant_finding(c, sets["buildings"], made, number, row)
    return made


def _plant_finding(
    c: psycopg.Connection[Any], dataset: int, made: Planted, number: int, row: tuple[Any, ...]
) -> None:
    family, east, north, severity, certainty, company, district = row
    name = PAYLOAD if number == 3 else f"{number}号楼"  # one that no main is part of
    box = (east - 2, north - 2, east + 2, north + 2)
    building = add_box(c, "buildings", dataset, name, box)
    c.execute(
        "insert into data.finding (family, layer, subject_id, main_id, severity, certainty,"
        " distance_band, org_id, district_id, x, y)"
        " values (%s, 'buildings', %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            family,
            building,
            None if company is None else 1000 + number,
            severity,
            certainty,
            None if company is None else "0-5",
            None if company is None else made.companies[company],
            None if district is None else made.districts[district],
            X0 + east,
            Y0 + north,
        ),
    )
