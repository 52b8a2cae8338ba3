"""Who saw which exact main is on record, whichever way it left."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from commands import run_command
from conftest import client_of, make_key, owner
from gridwarden.access.audience import Audience
from gridwarden.access.audit.chain import ids_in, multirange
from gridwarden.app import create_app
from gridwarden.database import open_pool
from gridwarden.jobs.events.sequencing import number
from gridwarden.settings import Settings
from screening.conftest import STEEL_MA, SURE, DrawnCity, X, Y, line, rectangle
from test_routes_declared import API_ROUTES, audiences_of

LON_LAT = re.compile(r"(11[34]\.\d{4,}),\s*(3\d\.\d{4,})")
PLANE = re.compile(r"(5000\d\d(?:\.\d+)?),?\s*(34000\d\d(?:\.\d+)?)")
MEASURED = re.compile(r'"distance_m":\s*-?\d')


@dataclass
class Scene:
    """Two own mains with a wall and a water pipe too near, and another company's main."""

    city: DrawnCity
    org: int
    mains: tuple[int, int]
    foreign: int
    finding: int
    district: int


def happens(scene: Scene) -> None:
    """Something is told of a finding whose subject is a main itself: it stands on that main."""
    main = scene.mains[0]
    scene.city.sql(
        "insert into data.event (topic, act, subject, finding_id, family, layer, subject_id,"
        " main_id, severity, certainty, distance_band, org_id, district_id, x, y, reason)"
        " values ('finding', 'appeared', 'finding 0', 0, 'main_area_class', 'gas_pipelines', %s,"
        " %s, 'general', 'certain', '0-5', %s, %s, %s, %s, 'data')",
        (main, main, scene.org, scene.district, X + 50.13, Y + 0.29),
    )

    async def numbered() -> None:
        pool = await open_pool(scene.city.settings, "worker")
        await number(pool)
        await pool.close()

    asyncio.run(numbered())


@pytest.fixture(scope="module")
def scene(module_city: Settings) -> Scene:
    city = DrawnCity(module_city)
    district = city.add("districts", rectangle(-500, -500, 500, 500), name="中区")
    orgs = [
        city.sql(
            "with d as (insert into data.dataset (layer, name, version) values"
            " ('organisations', %s, 1) returning id) insert into data.organisations (dataset_id,"
            " source_id, name, kind) select id, %s, %s, 'gas_company' from d returning id",
            (name,) * 3,
        )[0][0]
        for name in ("甲燃气", "乙燃气")
    ]
    # Each place has a corner that no other feature has.
    mine = city.main(line((0.37, 0.41), (50.13, 0.29), (99.71, 0.83)), **STEEL_MA, org_id=orgs[0])
    near = city.main(line((0.37, 0.91), (99.71, 1.13)), **STEEL_MA, org_id=orgs[0])
    foreign = city.main(line((0, 60), (100, 60)), **STEEL_MA, org_id=orgs[1])
    city.wall(1.5, name="wall", **SURE)
    found = {f["family"]: f["id"] for f in city.screen() if f["main_id"] in (mine, near)}
    made = Scene(city, orgs[0], (mine, near), foreign, found["main_encroachment"], district)
    happens(made)
    return made


@pytest.fixture(scope="module")
def client(scene: Scene) -> Iterator[TestClient]:
    with client_of(scene.city.settings) as made:
        yield made


def seen_since(scene: Scene, row: int) -> list[tuple[Any, ...]]:
    return scene.city.sql(
        "select role, person, detail->>'route', rows, mains::text from data.audit"
        " where action = 'saw' and id > %s order by id",
        (row,),
    )


def last_row(scene: Scene) -> int:
    return int(scene.city.sql("select coalesce(max(id), 0) from data.audit")[0][0])


def tells_a_main(scene: Scene, text: str) -> bool:
    """Whether a corner of a main, in degrees or in metres, or a distance to one is in an answer."""
    corners = scene.city.sql(
        "select st_x(p.geom), st_y(p.geom), st_x(l), st_y(l) from data.gas_pipelines g"
        " cross join lateral st_dumppoints(g.geom) p"
        " cross join lateral st_transform(p.geom, 4326) l"
    )
    for lon, lat in LON_LAT.findall(text):
        if any(abs(float(lon) - c[2]) < 2e-7 and abs(float(lat) - c[3]) < 2e-7 for c in corners):
            return True
    for x, y in PLANE.findall(text):
        if any(abs(float(x) - c[0]) < 1e-3 and abs(float(y) - c[1]) < 1e-3 for c in corners):
            return True
    return bool(MEASURED.search(text))


PATH_VALUES = {"layer": "gas_pipelines", "system": "square-500", "name": "heat"}


def requests_of(scene: Scene) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A request for every route that a utility or a supervisor may use, as it is declared."""
    paths = create_app(scene.city.settings).openapi()["paths"]
    for route in API_ROUTES:
        [audience] = audiences_of(route.dependant)
        if not isinstance(audience, Audience) or not {"utility", "supervisor"} & {*audience.roles}:
            continue
        for method in sorted(route.methods - {"HEAD", "DELETE"}):
            described = paths.get(route.path, {}).get(method.lower(), {})
            yield method, route.path, _asked(scene, route, described)


def _asked(scene: Scene, route: APIRoute, described: dict[str, Any]) -> dict[str, Any]:
    values = PATH_VALUES | {"number": str(scene.finding), "feature": str(scene.mains[0])}
    path = re.sub(r"{(\w+)(:\w+)?}", lambda m: values.get(m[1], "1"), route.path)
    query: dict[str, str] = {}
    for one in described.get("parameters", ()):
        choices = one["schema"].get("enum", ())
        if one["in"] == "query" and one.get("required"):
            query[one["name"]] = "geojson" if "geojson" in choices else str((*choices, "1")[0])
    return {"url": path, "params": query} | _body(scene, route.path)


def _body(scene: Scene, path: str) -> dict[str, Any]:
    dig = scene.city.sql(
        "select st_asgeojson(st_transform(st_makeenvelope(%s, %s, %s, %s, 4547), 4326))",
        (X + 20, Y + 2, X + 24, Y + 6),
    )[0][0]
    shape = json.loads(dig)
    feature = {"type": "Feature", "geometry": shape, "properties": {}}
    main = {"type": "Feature", "properties": {"code": "N"}, "geometry": {
        "type": "MultiLineString", "coordinates": [shape["coordinates"][0][:2]]}}  # fmt: skip
    shed = {"layer": "charging_sheds", "feature": feature}
    bodies: dict[str, dict[str, Any]] = {
        "/api/permits/check": {"json": {"area": shape, "method": "mechanical", "depth_m": 2}},
        "/permits/check": {"data": {"area": dig, "method": "mechanical", "depth_m": "2"}},
        "/api/what-if": {"json": shed},
        "/what-if": {"data": {"layer": "charging_sheds", "feature": dig}},
        "/ogc/collections/{layer}/items": {"json": main},
        "/ogc/collections/{layer}/items/{feature}": {
            "content": json.dumps({"type": "Feature", "properties": {"code": "changed"}}),
            "headers": {"If-Match": "*", "Content-Type": "application/merge-patch+json"},
        },
    }
    return bodies.get(path, {})


MUST_BE_AMONG = {
    "GET /ogc/collections/{layer}/items",
    "GET /ogc/collections/{layer}/items/{feature}",
    "PATCH /ogc/collections/{layer}/items/{feature}",
    "GET /api/layers/{layer}/export",
    "GET /api/findings",
    "GET /api/findings/export",
    "GET /api/findings/{number}",
    "GET /findings/{number}",
    "GET /api/events",
    "POST /api/permits/check",
    "POST /permits/check",
    "POST /api/what-if",
    "POST /what-if",
}
"""So that the walk cannot pass by finding nothing."""


def test_every_route_that_tells_a_main_leaves_a_row_that_names_it(
    scene: Scene, client: TestClient
) -> None:
    silent: list[str] = []
    recorded: set[str] = set()
    for role in ("utility", "supervisor"):
        orgs = (scene.org,) if role == "utility" else ()
        key = make_key(scene.city.settings, role, org_ids=orgs, all_districts=role == "supervisor")
        for method, path, asked in requests_of(scene):
            before = last_row(scene)
            headers = {"Authorization": f"Bearer {key}", **asked.pop("headers", {})}
            answer = client.request(method, headers=headers, follow_redirects=False, **asked)
            assert answer.status_code != 500, (method, path, answer.text)
            rows = seen_since(scene, before)
            name = f"{method} {path}"
            if tells_a_main(scene, answer.text) and answer.status_code < 300 and not rows:
                silent.append(f"{name} as {role}")
            if not rows:
                continue
            recorded.add(name)
            for who, person, route, count, mains in rows:
                assert (who, person) == (f"gridwarden_{role}", f"test {role}")
                assert route and count and not re.search(r"\d\d\.\d", route)
                if role == "utility":
                    assert scene.foreign not in ids_in(mains), (name, mains)
            assert len(rows) == 1, (name, rows)
    assert silent == []
    assert recorded >= MUST_BE_AMONG, MUST_BE_AMONG - recorded


def test_the_row_names_exactly_the_mains_that_left(scene: Scene, client: TestClient) -> None:
    def mains_of(asked: str) -> set[str]:
        before = last_row(scene)
        key = make_key(scene.city.settings, "utility", org_ids=(scene.org,))
        answer = client.get(asked, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.text
        return {row[4] for row in seen_since(scene, before)}

    there = {row[0] for row in scene.city.sql(
        "select id from data.gas_pipelines where org_id = %s", (scene.org,))}  # fmt: skip
    items = "/ogc/collections/gas_pipelines/items"
    assert mains_of(items) == {multirange(there)}
    assert mains_of(f"{items}?limit=1") == {multirange([min(there)])}
    assert mains_of(f"{items}/{scene.mains[1]}") == {multirange([scene.mains[1]])}
    assert mains_of(f"{items}?bbox=0,0,1,1") == set(), "nothing left, nothing to tell"
    assert mains_of("/ogc/collections/buildings/items") == set()
    export = "/api/layers/gas_pipelines/export?format="
    assert mains_of(f"{export}gpkg") == mains_of(f"{export}xlsx") == {multirange(there)}


def test_a_feed_is_on_record(scene: Scene, client: TestClient) -> None:
    key = make_key(scene.city.settings, "utility", org_ids=(scene.org,))
    headers = {"Authorization": f"Bearer {key}"}
    last = client.get("/api/events", headers=headers).json()["cursor"]
    happens(scene)
    before = last_row(scene)
    told = client.get(f"/api/events/feed?cursor={last}", headers=headers).text
    assert '"gas_pipelines"' in told and LON_LAT.search(told)
    rows = seen_since(scene, before)
    assert {(row[2], row[4]) for row in rows} == {("events/feed", multirange([scene.mains[0]]))}


def test_thousands_of_mains_are_one_small_row(scene: Scene, client: TestClient) -> None:
    scene.city.sql(
        "insert into data.gas_pipelines (dataset_id, source_id, org_id, geom) select dataset_id,"
        " 'many ' || n, 77, st_translate(geom, 0, 1000 + n) from data.gas_pipelines,"
        " generate_series(1, 3000) n where id = %s",
        (scene.mains[0],),
    )
    before = last_row(scene)
    key = make_key(scene.city.settings, "utility", org_ids=(77,))
    answer = client.get(
        "/ogc/collections/gas_pipelines/items?limit=10000&why=yearly%20check",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert len(answer.json()["features"]) == 3000
    assert [row[3] for row in seen_since(scene, before)] == [3000]
    size = (
        "select pg_column_size(mains) from data.audit where action = 'saw' order by id desc limit 1"
    )
    assert scene.city.sql(size)[0][0] < 100


def test_the_command_line_is_on_record_too(scene: Scene, tmp_path: Path) -> None:
    before = last_row(scene)
    acting = ("--as", "utility", "--org", scene.org)
    file = tmp_path / "mains.geojson"
    done = run_command(scene.city.settings, "export", "gas_pipelines", file, *acting)
    assert done.returncode == 0, done.stderr
    [(role, person, route, count, _)] = seen_since(scene, before)
    assert role == "gridwarden_utility" and person.startswith("cli:")
    own = scene.city.sql("select count(*) from data.gas_pipelines where org_id = %s", (scene.org,))
    assert (route, count) == ("export/gas_pipelines", own[0][0])


def test_who_reads_no_main_cannot_say_that_they_saw_one(scene: Scene) -> None:
    with owner(scene.city.settings) as c:
        rows = c.execute(
            "select r from unnest(array['planner', 'viewer', 'administrator', 'auditor']) r where"
            " has_function_privilege('gridwarden_' || r, 'api.saw(text,int8multirange)',"
            " 'execute')"
        ).fetchall()
    assert rows == []
