"""A layer is ONE new file, the migration that it generates, and a rule that names it.

Everything else follows by itself: import, screening, features API, export, OpenAPI, the list of
who may read it, the heat map, its place among the registers with a form, cases of its own kind,
their list, workbook and place on the board. The layer lies in a temporary folder and has its own
cluster.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from conftest import bearer, free_port
from maps.small_city import build_assets

LAYER = '''
"""Fireworks stalls 烟花爆竹销售点: where they are sold before the Spring Festival."""

from gridwarden.layers.catalogue.model import Column, Layer, Words

LAYER = Layer(
    id="fireworks_stalls",
    title=Words("Fireworks stalls", "烟花爆竹销售点"),
    geometry="any",
    columns=(
        Column("licence", "text", Words("licence", "许可证号"), ("许可证号",)),
        Column("boxes", "integer", Words("boxes in store", "库存箱数"), minimum=0, maximum=9999),
        Column("opens_on", "date", Words("opens on", "开售日期")),
        Column("seller", "text", Words("seller", "售货人"), known_to=("supervisor",)),
    ),
    readers={"planner": "all", "supervisor": "all"},
    importers=("supervisor",),
    register=True,
    category="power",
)
'''
PACK = """
[pack]
id = "toy-fireworks"
version = "1"
title = { en = "Fireworks", zh = "烟花爆竹" }
jurisdiction = "test"
level = "city"
valid_from = 2026-01-01
extends = "cn-city-gas"

[[rule]]
id = "stall-clearance"
family = "stall_near_main"
kind = "clearance"
subjects = ["fireworks_stalls"]
strength = 20
clause = "1"
edition = "test"
verified = false
certainty = "design"
source = "made up for a test"
text = { en = "A stall stands too near a gas main.", zh = "销售点离燃气管线过近。" }
measures = { en = ["Move the stall."], zh = ["迁移销售点。"] }
row = [{ class = "MA", limit_m = 20.0, severity = "major" }]
"""
START = """
from pathlib import Path
import gridwarden.layers
gridwarden.layers.__path__.append({layers!r})
from gridwarden import migrations
migrations.extra_locations.append(Path({versions!r}))
"""
LON, LAT = 114.3, 30.5
METRE = 1 / 111_000
"""Degrees of latitude."""


@dataclass
class Toy:
    """An installation with one layer more."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: object, code: int = 0) -> str:
        """One `gridwarden` command; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "gridwarden", *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def python(self, code: str) -> str:
        """Run some Python beside the installation; its standard output."""
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def key(self, role: str, *more: str) -> dict[str, str]:
        """The headers of a new key."""
        return bearer(self.run("token", role, *more).strip())

    def file(self, name: str, *features: dict[str, Any]) -> Path:
        """A GeoJSON file."""
        place = self.folder / name
        collection = {"type": "FeatureCollection", "features": features}
        place.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
        return place


def feature(number: str, geometry: dict[str, Any], **properties: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {"source_id": number, **properties},
    }


def stall(number: str, north_m: float, **properties: object) -> dict[str, Any]:
    """A stall so many metres north of the main, and outside the 3 m that a point counts with."""
    place = {"type": "Point", "coordinates": [LON + 0.001, LAT + (north_m + 3) * METRE]}
    return feature(number, place, **properties)


@pytest.fixture(scope="module")
def toy() -> Iterator[Toy]:
    """A fresh cluster with the toy layer, its migration and its rule."""
    with tempfile.TemporaryDirectory(prefix="gw-toy-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        layers, versions = folder / "layers", folder / "versions"
        for made in (layers, versions, folder / "home", folder / "start"):
            made.mkdir()
        (folder / "home").chmod(0o755)
        (layers / "fireworks_stalls.py").write_text(LAYER, encoding="utf-8")
        # Every Python process of this installation, the worker among them, starts with this.
        start = START.format(layers=str(layers), versions=str(versions))
        (folder / "start" / "sitecustomize.py").write_text(start, encoding="utf-8")
        environment = os.environ | {
            "GRIDWARDEN_HOME": str(folder / "home"),
            "GRIDWARDEN_PORT": str(free_port()),
            "GRIDWARDEN_CRS": "4547",
            "PYTHONPATH": str(folder / "start"),
            "COLUMNS": "200",
        }
        made_toy = Toy(folder, environment)
        made_toy.python(
            "from pathlib import Path\n"
            "from gridwarden.layers.catalogue import layer\n"
            "from gridwarden.migrations.generate import next_migration\n"
            f"next_migration(layer('fireworks_stalls'), Path({str(versions)!r}))"
        )
        made_toy.run("up")
        try:
            yield made_toy
        finally:
            made_toy.run("down")


@contextmanager
def serving(toy: Toy) -> Iterator[str]:
    """`gridwarden serve` with its worker; gives the base URL."""
    url = f"http://127.0.0.1:{toy.environment['GRIDWARDEN_PORT']}"
    log = (toy.folder / "service.log").open("w")
    service = subprocess.Popen(
        [sys.executable, "-m", "gridwarden", "serve"],
        env=toy.environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        for _ in range(600):
            assert service.poll() is None, "the service did not start"
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        service.terminate()
        service.wait(60)
        log.close()


def wait_for(what: str, check: Any, seconds: float = 120) -> Any:
    """Poll until `check()` is true."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = check()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


def test_one_file_makes_a_layer_everywhere(toy: Toy, chromium: Browser) -> None:
    # Imported by the command line …
    line = {"type": "LineString", "coordinates": [[LON, LAT], [LON + 0.002, LAT]]}
    main = feature("m1", line, medium="natural_gas", pressure_class="MA", od_mm=110, accuracy_m=0.2)
    toy.run("import", toy.file("mains.geojson", main), "--layer", "gas_pipelines", "--dataset", "g")
    near = stall("s1", 12, name="一号摊", 许可证号="鄂-1", boxes=40, accuracy_m=0.2, colour="red")
    far = stall("s2", 80, name="二号摊", accuracy_m=0.2)
    bad = stall("s3", 80, boxes=-5)
    told = json.loads(
        toy.run(
            *("import", toy.file("stalls.geojson", near, far, bad), "--layer", "fireworks_stalls"),
            *("--dataset", "bureau", "--json"),
        )
    )
    assert (told["added"], told["quarantined"]) == (2, 1)

    build_assets(toy.folder / "home")
    with serving(toy) as url, httpx.Client(base_url=url, timeout=60) as client:
        planner, viewer = toy.key("planner"), toy.key("viewer")
        supervisor = toy.key("supervisor")
        findings = f"{url}/api/findings?family=stall_near_main"

        def found() -> list[dict[str, Any]]:
            answer = client.get(findings, headers=planner)
            assert answer.status_code == 200, answer.text
            return list(answer.json()["items"])

        # … and screened by a rule that names it: one person proposes it, a second one approves.
        # Both have keys that somebody else made.
        first = toy.key("administrator", "--person", "李梅")
        second = toy.key("administrator", "--person", "王芳")
        proposal = {"files": {"toy-fireworks.toml": PACK}}
        proposed = client.post("/api/rules/proposals", headers=first, json=proposal)
        assert proposed.status_code == 201, proposed.text
        approval = f"{proposed.headers['Location']}/approval"
        approved = client.post(approval, headers=second, json={})
        assert approved.status_code < 300, approved.text
        [one] = wait_for("a finding of the new rule", found)
        assert (one["layer"], one["severity"], one["certainty"]) == (
            "fireworks_stalls",
            "major",
            "certain",
        )

        # Imported by HTTP; the worker screens what it publishes.
        more = toy.file("more.geojson", stall("s4", 5, name="三号摊", accuracy_m=0.2))
        form = {"layer": "fireworks_stalls", "dataset": "market"}
        with more.open("rb") as body:
            sent = client.post("/api/imports", headers=supervisor, data=form, files={"file": body})
        assert sent.status_code == 202, sent.text
        wait_for("two findings", lambda: len(found()) == 2)

        # In the features API, for the roles that its file names and no other.
        items = "/ogc/collections/fireworks_stalls/items"
        page = client.get(items, headers=planner).json()
        assert [f["properties"]["name"] for f in page["features"]] == ["一号摊", "二号摊", "三号摊"]
        first = page["features"][0]["properties"]
        assert (first["licence"], first["boxes"], first["extra"]) == ("鄂-1", 40, {})
        whole = client.get(items, headers=supervisor).json()["features"][0]["properties"]
        assert whole["extra"] == {"colour": "red"}
        assert client.get(items, headers=viewer).status_code == 403
        # Its past is known, too: as the file alone had been imported, and as it is now.
        assert client.get(f"{items}?at=2001-01-01", headers=planner).status_code == 404
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        then = client.get(f"{items}?at={now}", headers=planner).json()
        assert then["features"] == page["features"]
        assert client.get(f"{items}?at={now}", headers=viewer).status_code == 403
        listed = client.get("/ogc/collections", headers=viewer).json()["collections"]
        assert "fireworks_stalls" not in {c["id"] for c in listed}
        document = client.get("/ogc/api").json()
        parameters = document["paths"]["/ogc/collections/{layer}/items"]["get"]["parameters"]
        [layer] = [p for p in parameters if p["name"] == "layer"]
        assert "fireworks_stalls" in layer["schema"]["enum"]

        # In the export and the list of who may read what, which the catalogue equals.
        out = toy.folder / "out.geojson"
        toy.run("export", "fireworks_stalls", out, "--as", "planner")
        assert json.loads(out.read_text("utf-8"))["features"] == page["features"]
        toy.run("export", "fireworks_stalls", out, "--as", "viewer", code=1)
        assert "烟花爆竹销售点" in toy.run("layers")
        assert declared_and_granted(toy) == {"planner", "supervisor"}

        # Counted on the heat page.
        context = chromium.new_context(extra_http_headers=planner)
        heat = context.new_page()
        shown = heat.goto(f"{url}/maps/heat?cells=square-500&measure=stall_near_main&lang=en")
        assert shown and shown.ok, (toy.folder / "service.log").read_text()
        heat.wait_for_selector("html[data-map=drawn]")
        cells = heat.evaluate("JSON.parse(document.getElementById('heat-data').textContent).cells")
        assert sum(float(cell["value"]) for cell in cells) == 2
        context.close()
        in_the_registers(client, url, planner, supervisor)
        followed_as_a_case(client, url, supervisor)


def in_the_registers(
    client: httpx.Client, url: str, planner: dict[str, str], supervisor: dict[str, str]
) -> None:
    """Listed, and entered by a form that nobody wrote; who sells is told to the bureau alone."""
    assert "烟花爆竹销售点" in client.get(f"{url}/registers?lang=zh", headers=planner).text
    form = {"name": "四号摊", "boxes": "12", "seller": "陈某", "opens_on": "2026-12-01"}
    place = {"lon": str(LON + 0.001), "lat": str(LAT + 15 * METRE)}
    headers = {**supervisor, "Origin": url}
    new = f"{url}/registers/fireworks_stalls/new"
    assert "开售日期" in client.get(f"{new}?lang=zh", headers=supervisor).text
    assert client.post(new, headers={**planner, "Origin": url}, data=form).status_code == 404
    sent = client.post(new, headers=headers, data=form | place)
    assert sent.status_code == 303, sent.text
    one = url + sent.headers["location"]
    assert "陈某" in client.get(one, headers=supervisor).text
    assert "陈某" not in client.get(one, headers=planner).text
    assert "四号摊" in client.get(f"{url}/registers/fireworks_stalls", headers=planner).text


def followed_as_a_case(client: httpx.Client, url: str, bureau: dict[str, str]) -> None:
    """Three stalls near the main are three cases of the kind that the layer's file says."""

    def cases() -> list[dict[str, Any]]:
        told = client.get(f"{url}/api/hazards?family=stall_near_main&sort=oldest", headers=bureau)
        return list(told.json()["items"])

    wait_for("three cases", lambda: len(cases()) == 3)
    case = cases()[0]
    assert {one["category"] for one in cases()} == {"power"}
    moved = client.post(
        f"{url}/api/hazards/{case['id']}/transitions",
        headers={**bureau, "If-Match": f'"{case["version"]}"'},
        json={"act": "register"},
    )
    assert (moved.status_code, moved.json()["state"]) == (200, "registered"), moved.text
    for kind in ("export?format=csv", "workbook.xlsx?lang=zh"):
        assert client.get(f"{url}/api/hazards/{kind}", headers=bureau).status_code == 200
    board = client.get(f"{url}/api/rankings?by=family", headers=bureau).json()["items"]
    assert "stall_near_main" in {one["key"] for one in board}


def declared_and_granted(toy: Toy) -> set[str]:
    """The roles that may select the layer's view, by the declaration and by the database."""
    code = """
from gridwarden.access.roles import role_name
from gridwarden.database import ROLES
from gridwarden.database.cluster import connect_owner
from gridwarden.migrations.declared import declared
from gridwarden.settings import Settings

said = {r for r, p in declared().relations["api.fireworks_stalls"].items() if "select" in p}
ask = "select has_table_privilege(%s, 'api.fireworks_stalls', 'select')"
with connect_owner(Settings()) as c:
    has = {r for r in ROLES if c.execute(ask, (role_name(r),)).fetchone() == (True,)}
assert said == has, (said, has)
print(*sorted(has))
"""
    return set(toy.python(code).split())
