"""`gridwarden export` writes what the role may see, and the file says the same as the city."""

import asyncio
import csv
import json
import subprocess
import zipfile
from pathlib import Path

import ezdxf
import geopandas as gpd
import openpyxl
import pyarrow.parquet as pq
import pyogrio
import pytest

from commands import run_command
from conftest import owner
from gridwarden.access.command import acting
from gridwarden.layers.catalogue import layers
from gridwarden.layers.export.commands import preparing
from gridwarden.layers.export.kinds import KINDS
from gridwarden.layers.export.sending import to_file
from gridwarden.words.problems import Problem

from .conftest import BUILDINGS, SmallCity, X, Y


def export(city: SmallCity, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run_command(city.settings, "export", *arguments)


def export_here(
    city: SmallCity, layer: str, file: Path, role: str = "supervisor", **given: str
) -> int:
    """The same without the second that a new process takes."""

    async def write() -> int:
        async with acting(role, settings=city.settings) as (pool, caller, settings):
            prepare = preparing(layers()[layer], caller, settings, file.name)
            return await to_file(pool, caller, settings, file, prepare, lambda done: None, given)

    return asyncio.run(write())


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
def test_every_layer_goes_to_every_kind_of_file(
    small_city: SmallCity, tmp_path: Path, layer: str
) -> None:
    with owner(small_city.settings) as c:
        row = c.execute(f"select count(*) from data.{layer}").fetchone()
    assert row
    one = layers()[layer]
    kinds = [k for k in KINDS.values() if not (k.places and one.geometry == "none")]
    files = {kind.name: tmp_path / f"x{kind.suffix}" for kind in kinds}
    for file in files.values():
        assert export_here(small_city, layer, file) == row[0]
    assert sorted(tmp_path.iterdir()) == sorted(files.values())
    wanted = {"source_id", "dataset", "version", "repair"} | {c.name for c in one.all_columns}
    for name in ("gpkg", "fgb", "parquet"):
        assert wanted <= set(fields_of(files[name])), name
    if one.geometry != "none":
        for name in ("gpkg", "fgb"):
            assert pyogrio.read_info(files[name], force_feature_count=True)["features"] == row[0]
    with files["csv"].open(encoding="utf-8-sig", newline="") as f:
        rows = list(csv.DictReader(f))
    sheet = openpyxl.load_workbook(files["xlsx"], read_only=True)[layer]
    header, *others = sheet.iter_rows(values_only=True)
    assert list(header) == list(rows[0])
    assert len(others) == len(rows) == row[0]
    assert wanted <= set(rows[0])
    if one.geometry != "none":
        assert 113.9 < float(rows[0]["wgs84_lon"]) < 114.1
        assert rows[0]["wkt"] == others[0][-1]
        drawing = ezdxf.readfile(files["dxf"])
        assert not drawing.audit().errors
        assert {e.dxf.layer for e in drawing.modelspace()} <= {layer, f"{layer}_text"}
        with zipfile.ZipFile(files["shp"]) as archive:
            assert {Path(n).suffix for n in archive.namelist()} >= {".shp", ".dbf", ".prj", ".cpg"}


def fields_of(file: Path) -> list[str]:
    if file.suffix == ".parquet":
        return list(pq.read_schema(file).names)
    return list(pyogrio.read_info(file)["fields"])


def test_a_geopackage_keeps_coordinates_and_types(small_city: SmallCity, tmp_path: Path) -> None:
    file = tmp_path / "sites.gpkg"
    export_here(small_city, "construction_sites", file)
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
    export_here(small_city, "gas_pipelines", tmp_path / "m.csv")
    with owner(small_city.settings) as c:
        last = c.execute(
            "select role, detail->>'purpose' from data.audit where action = 'look'"
            " order by id desc limit 1"
        ).fetchone()
    assert last == ("gridwarden_supervisor", "export m.csv")


@pytest.mark.parametrize(
    ("layer", "file", "given", "says"),
    [
        ("buildings", "x.shp", {}, ".gpkg"),
        ("organisations", "x.dxf", {}, "xlsx"),
        ("buildings", "x.dxf", {"crs": "crs84"}, "metres"),
        ("buildings", "x.gpkg", {"crs": "EPSG:2433"}, "tens of metres"),
        ("buildings", "x.gpkg", {"crs": "EPSG:99999"}, "99999"),
        ("buildings", "x.gpkg", {"encoding": "gb18030"}, "UTF-8"),
        ("buildings", "no/such/folder/x.csv", {}, "No such file"),
        ("buildings", "no/such/folder/x.gpkg", {}, "No such file"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    small_city: SmallCity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    layer: str,
    file: str,
    given: dict[str, str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Problem) as refused:
        export_here(small_city, layer, Path(file), **given)
    assert says in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("no_such_layer", "x.csv"), "buildings"),
        (("gas_pipelines", "x.csv"), "--org"),
        (("gas_pipelines", "x.csv", "--as", "administrator"), "supervisor"),
    ],
)
def test_a_command_that_is_refused_says_what_to_do(
    small_city: SmallCity, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = export(small_city, arguments[0], tmp_path / arguments[1], *arguments[2:])
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_list_names_every_layer(small_city: SmallCity) -> None:
    done = run_command(small_city.settings, "layers")
    assert all(layer in done.stdout for layer in layers())
