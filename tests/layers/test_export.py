"""`gridwarden export` writes what the role may see, and the file says the same as the city."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest

from conftest import environment, owner
from gridwarden.access.command import acting
from gridwarden.layers.catalogue import layers
from gridwarden.layers.features.export import export as write

from .conftest import BUILDINGS, SmallCity, X, Y


def export(city: SmallCity, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gridwarden", "export", *map(str, arguments)],
        env=environment(city.settings),
        capture_output=True,
        text=True,
        check=False,
    )


async def export_here(city: SmallCity, layer: str, file: Path) -> None:
    """The same without the second that a new process takes."""
    async with acting("supervisor", settings=city.settings) as (pool, caller, settings):
        await write(pool, caller, layers()[layer], file, settings.crs, lambda done: None)


def test_geojson_equals_the_features_api(small_city: SmallCity, tmp_path: Path) -> None:
    file = tmp_path / "a b.geojson"
    assert export(small_city, "buildings", file).returncode == 0
    written = json.loads(file.read_text("utf-8"))["features"]
    answer = small_city.client.get(
        "/ogc/collections/buildings/items?limit=1000", headers=small_city.headers("planner")
    )
    assert written == answer.json()["features"]
    assert len(written) == BUILDINGS


@pytest.mark.parametrize("layer", sorted(layers()))
def test_every_layer_goes_to_a_geopackage_and_a_table(
    small_city: SmallCity, tmp_path: Path, layer: str
) -> None:
    with owner(small_city.settings) as c:
        row = c.execute(f"select count(*) from data.{layer}").fetchone()
    assert row
    package, sheet = tmp_path / "x.gpkg", tmp_path / "x.csv"
    for file in (package, sheet):
        asyncio.run(export_here(small_city, layer, file))
    assert pyogrio.read_info(package)["features"] == row[0]
    with sheet.open(encoding="utf-8-sig", newline="") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == row[0]
    assert {c.name for c in layers()[layer].all_columns} <= set(rows[0])
    if layers()[layer].geometry != "none":
        assert 113.9 < float(rows[0]["lon"]) < 114.1
        assert rows[0]["wkt"]
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["x.csv", "x.gpkg"]


def test_a_geopackage_keeps_coordinates_and_types(small_city: SmallCity, tmp_path: Path) -> None:
    file = tmp_path / "sites.gpkg"
    assert export(small_city, "construction_sites", file).returncode == 0
    frame = gpd.read_file(file)
    assert frame.crs.to_epsg() == 4547
    assert (frame.geometry[0].x, frame.geometry[0].y) == (X + 5, Y + 5)
    fields = dict(zip(*(pyogrio.read_info(file)[k] for k in ("fields", "dtypes")), strict=True))
    assert fields["starts_on"] == "datetime64[D]"
    assert fields["accuracy_m"] == "float64"
    assert frame.ends_on.isna().tolist() == [False, True]


def test_a_company_exports_its_own_mains_alone(small_city: SmallCity, tmp_path: Path) -> None:
    file = tmp_path / "mains.geojson"
    done = export(small_city, "gas_pipelines", file, "--as", "utility", "--org", "东城燃气")
    assert done.returncode == 0, done.stderr
    mains = json.loads(file.read_text("utf-8"))["features"]
    assert [m["properties"]["pipe_id"] for m in mains] == ["P3", "P4"]


def test_an_export_of_exact_mains_is_a_recorded_look(small_city: SmallCity, tmp_path: Path) -> None:
    assert (
        export(small_city, "gas_pipelines", tmp_path / "m.csv", "--as", "supervisor").returncode
        == 0
    )
    with owner(small_city.settings) as c:
        last = c.execute(
            "select role, detail->>'purpose' from data.audit where action = 'look'"
            " order by id desc limit 1"
        ).fetchone()
    assert last == ("gridwarden_supervisor", "export m.csv")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("buildings", "x.shp"), ".gpkg"),
        (("no_such_layer", "x.csv"), "buildings"),
        (("gas_pipelines", "x.csv"), "--org"),
        (("gas_pipelines", "x.csv", "--as", "administrator"), "supervisor"),
        (("buildings", "x.csv", "--as", "king"), "king"),
        (("buildings", "no/such/folder/x.csv"), "No such file"),
        (("buildings", "no/such/folder/x.gpkg"), "No such file"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    small_city: SmallCity, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    os.chdir(tmp_path)
    done = export(small_city, *arguments)
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_list_names_every_layer(small_city: SmallCity) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gridwarden", "layers"],
        env=environment(small_city.settings),
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(layer in done.stdout for layer in layers())
