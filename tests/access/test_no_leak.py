"""No role without clearance is sent the place of a main: not in any answer, file, error or log."""

import asyncio
import json
import re
import sys
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import shapely
from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from fastapi.testclient import TestClient
from pyproj import Transformer

from access.hunting import Hunter
from access.own_and_foreign import World, city_of, put
from conftest import bearer, make_key, owner
from gridwarden.access import everyone
from gridwarden.access.matrix import Operation, operations
from gridwarden.app import create_app
from gridwarden.database import ADMINISTRATORS, ASKERS, open_pool
from gridwarden.geodesy.shifts import gcj02_to_bd09, wgs84_to_gcj02
from gridwarden.layers.catalogue import layers
from gridwarden.layers.export.kinds import KINDS
from gridwarden.screening import screen
from gridwarden.settings import Settings

X, Y = 505_000.0, 3_421_000.0
MAINS = 8
OPERATIONS = operations(create_app(Settings()))
KINDS_OF_THINGS = sorted({one.whose.kind for one in OPERATIONS if one.whose and one.whose.foreign})
LOW = [role for role in (*ASKERS, *ADMINISTRATORS) if role not in ("utility", "supervisor")]
SEVERAL = {
    "/ogc/collections/{layer}/items": ("", "?crs=http://www.opengis.net/def/crs/EPSG/0/3857"),
    "/api/layers/{layer}/export": tuple(f"?format={kind}" for kind in KINDS),
    "/api/findings/export": tuple(f"?format={kind}" for kind in KINDS),
    "/api/findings": ("", "?limit=1000", "?bbox=114,30,115,31", "?layer=gas_pipelines", "?bbox=x"),
    "/findings": ("", "?family=site_near_main"),
    "/api/findings/changes": ("?from=2026-01-01",),
    "/findings/changes": ("?from=2026-01-01",),
    "/api/sheds/nearest": ("?lon=114.05&lat=30.9&k=50",),
    "/sheds/nearest": ("?lon=114.05&lat=30.9&k=50",),
}
"""What is asked besides the bare path."""


@pytest.fixture(scope="module")
def world(module_city: Settings) -> World:
    """Mains that no other feature touches, things beside each, all screened; of every kind of
    thing one of each role's and one that is not."""
    made = city_of(module_city)
    with owner(module_city) as c:
        for n, line in enumerate(lines()):
            put(
                c,
                "gas_pipelines",
                f"MULTI{line.wkt}".replace("LINESTRING (", "LINESTRING((") + ")",
                org_id=made.orgs[0],
                code=f"SECRET{n}",
                pressure_class="SHA",
                od_mm=219.0,
                accuracy_m=0.1,
                operator="燃气0",
            )
            x, y = X + 200 * n, Y
            for layer, east, north in (
                ("construction_sites", 60, 25),
                ("charging_sheds", 34, 20),
                ("excavations", 20, 18),
                ("street_objects", 45, 31.5),
                ("enclosed_spaces", 25, 17),
            ):
                columns = {"method": "mechanical"} if layer == "excavations" else {}
                place = f"POINT({x + east} {y + north})"
                if layer == "street_objects" and n != 3:
                    continue
                if layer == "street_objects":  # so near that a planner reads its cell alone
                    columns |= {"kind": "tree"}
                    place = shapely.offset_curve(line, 1.2).interpolate(0.6, normalized=True).wkt
                put(c, layer, place, name=f"{layer} {n}", accuracy_m=0.1, **columns)
            ring = square(x + 50, y + 18, 8)
            put(c, "buildings", f"MULTIPOLYGON({ring})", name=f"{n}号楼", accuracy_m=0.1)
    asyncio.run(judged(module_city))
    for role in (*ASKERS, *ADMINISTRATORS):
        for kind in KINDS_OF_THINGS:
            for foreign in (False, True):
                made.named(kind, role, foreign=foreign)
    return made


def lines() -> list[shapely.LineString]:
    """Mains through nowhere that anything else has a corner."""
    return [
        shapely.LineString(
            [
                (X + 200 * n + 3.137, Y + 7.731),
                (X + 200 * n + 41.379, Y + 27.113 + n / 7),
                (X + 200 * n + 88.617, Y + 44.269),
            ]
        )
        for n in range(MAINS)
    ]


def square(x: float, y: float, size: float) -> str:
    ring = ((x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y))
    return "((" + ", ".join(f"{a} {b}" for a, b in ring) + "))"


async def judged(settings: Settings) -> None:
    pool = await open_pool(settings, "worker")
    try:
        await screen(pool, "test")
    finally:
        await pool.close()


@pytest.fixture(scope="module")
def hunter() -> Hunter:
    return Hunter(lines(), 4547)


def test_the_city_has_something_to_hide(world: World, hunter: Hunter) -> None:
    """Findings tied to mains; and nothing else stands where a main does."""
    with owner(world.settings) as c:
        families = c.execute(
            "select count(distinct family) from data.finding where main"
        ).fetchone()
        assert families[0] >= 4
        for layer in layers():
            if layer != "gas_pipelines":
                rows = c.execute(f"select st_astext(geom) from data.{layer}").fetchall()
                assert hunter.in_text(" / ".join(str(row[0]) for row in rows)) == [], layer


class Reading:
    """Everything that one role can be sent, and where it holds a main's place."""

    def __init__(self, client: TestClient, hunter: Hunter) -> None:
        self.client, self.hunter = client, hunter
        self.asked = 0
        self.leaks: list[str] = []
        self.kinds: set[str] = set()

    def get(self, path: str, headers: dict[str, str]) -> None:
        with self.client.stream("GET", path, headers=headers, follow_redirects=False) as answer:
            answer.read()
        self.look(path, answer)

    def look(self, path: str, answer: httpx.Response) -> None:
        self.asked += 1
        media = answer.headers.get("content-type", "")
        self.kinds.add(media.partition(";")[0])
        assert answer.status_code != 500, (path, answer.text)
        for hit in self.hunter.in_body(answer.content, media):
            self.leaks.append(f"{path} ({answer.status_code}): {hit}")
        for hit in self.hunter.in_text(str(answer.headers)):
            self.leaks.append(f"{path}, headers: {hit}")


def paths(world: World, one: Operation, role: str) -> Iterator[str]:
    """What is asked of one operation: of every layer, of own and foreign things."""
    if one.path.endswith(("/events", "/feed")) and "{job}" not in one.path:
        queries: tuple[str, ...] = ("?seconds=0",)
    else:
        queries = SEVERAL.get(one.path, ("",))
    places = [one.path]
    if "{layer}" in one.path and "{feature}" not in one.path:
        places = [one.path.replace("{layer}", layer) for layer in layers()]
    elif one.whose is not None:
        named = [world.known.get((one.whose.kind, role, foreign)) for foreign in (False, True)]
        named += more(world, one.whose.kind)
        places = []
        for name in filter(None, named):
            layer, _, number = name.rpartition("/")
            path = one.path.replace("{layer}", layer or "gas_pipelines")
            places.append(re.sub(r"{\w+(:\w+)?}", number, path))
    for place in places:
        for query in queries:
            yield place + query


def more(world: World, kind: str) -> list[str]:
    """Others of this kind: findings of every family, and the mains themselves."""
    with owner(world.settings) as c:
        match kind:
            case "findings":
                rows = c.execute("select max(id)::text from data.finding group by family, layer")
            case "items":
                rows = c.execute("select 'gas_pipelines/' || id from data.gas_pipelines limit 3")
            case "cells":
                rows = c.execute("select unnest(array['square-500', 'square-1000', 'districts'])")
            case "rules" | "packs":
                rows = c.execute(
                    f"select {'rule' if kind == 'rules' else 'pack'} from data.rule limit 2"
                )
            case _:
                return []
        return [row[0] for row in rows.fetchall()]


@pytest.mark.parametrize("role", [*LOW, "utility of another company", "nobody"])
def test_no_answer_tells_where_a_main_is(
    module_client: TestClient,
    world: World,
    hunter: Hunter,
    capfd: pytest.CaptureFixture[str],
    role: str,
) -> None:
    """Every GET of every page, list, picture and file, allowed or refused, with its log."""
    reading = Reading(module_client, hunter)
    name = role.partition(" ")[0]
    headers: dict[str, str] = {}
    if role != "nobody":
        rights = {"org_ids": (world.orgs[1],)} if name == "utility" else {"all_districts": True}
        headers = bearer(make_key(world.settings, name, **rights))
    for one in OPERATIONS:
        if one.method == "GET" and not endless(one):
            for path in paths(world, one, name):
                reading.get(path, headers)
    assert reading.asked > 60
    assert reading.leaks == [], "\n".join(reading.leaks[:20])
    out, err = capfd.readouterr()
    assert hunter.in_text(out) + hunter.in_text(err) == []


def endless(one: Operation) -> bool:
    """The live feeds; what they send is what the lists of events hold."""
    return one.path in ("/api/events/feed", "/api/jobs/{job}/events")


def test_what_is_refused_tells_nothing_either(
    module_client: TestClient,
    world: World,
    hunter: Hunter,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Every other method, by every low role, with nothing, with rubbish and with a place."""
    reading = Reading(module_client, hunter)
    bodies = (b"", b"{", json.dumps({"area": {"type": "Point", "coordinates": [1, 1]}}).encode())
    for role in LOW:
        headers = bearer(make_key(world.settings, role, all_districts=True))
        headers["Content-Type"] = "application/json"
        for one in OPERATIONS:
            if one.method in ("GET", "DELETE") or one.path in ("/logout", "/api/screenings"):
                continue
            for path in list(paths(world, one, role))[:2]:
                for body in bodies:
                    answer = module_client.request(
                        one.method, path, headers=headers, content=body, follow_redirects=False
                    )
                    reading.look(f"{one.method} {path}", answer)
    assert reading.asked > 200
    assert reading.leaks == [], "\n".join(reading.leaks[:20])
    out, err = capfd.readouterr()
    assert hunter.in_text(out) + hunter.in_text(err) == []


def test_whoever_may_read_mains_is_caught_at_once(
    module_client: TestClient, world: World, hunter: Hunter
) -> None:
    """The hunt finds what it is for: in every file, in the CRSs, in the list and the picture."""
    headers = bearer(make_key(world.settings, "utility", org_ids=(world.orgs[0],)))
    for kind in KINDS:
        reading = Reading(module_client, hunter)
        reading.get(f"/api/layers/gas_pipelines/export?format={kind}&why=for+this+test", headers)
        assert reading.leaks, kind
    for crs in ("OGC/1.3/CRS84", "EPSG/0/3857", "EPSG/0/4526", "EPSG/0/4490"):
        reading = Reading(module_client, hunter)
        address = f"http://www.opengis.net/def/crs/{crs}"
        reading.get(f"/ogc/collections/gas_pipelines/items?crs={address}", headers)
        assert reading.leaks, crs
    reading = Reading(module_client, hunter)
    reading.get("/api/findings?limit=1000", headers)
    assert reading.leaks


def seeded(settings: Settings, body: bytes, media: str) -> FastAPI:
    """The service with one route more, which leaks."""
    app = create_app(settings)
    router = APIRouter()

    @router.get("/leak", dependencies=[everyone()])
    async def leak() -> Response:
        print("a line of a log, with", body[:200].decode("latin-1"), file=sys.stderr)
        return Response(body, media_type=media)

    app.include_router(router)
    return app


def written() -> dict[str, str]:
    """A point of a main, as careless code could let it out."""
    at = lines()[2].interpolate(0.4, normalized=True)
    lon, lat = Transformer.from_crs(4547, 4326, always_xy=True).transform(at.x, at.y)
    there = np.array([lon]), np.array([lat])
    gcj = [float(v[0]) for v in wgs84_to_gcj02(*there)]
    bd = [float(v[0]) for v in gcj02_to_bd09(np.array([gcj[0]]), np.array([gcj[1]]))]
    mercator = Transformer.from_crs(4547, 3857, always_xy=True).transform(at.x, at.y)
    zoned = Transformer.from_crs(4547, 4526, always_xy=True).transform(at.x, at.y)
    minutes = [f"{int(v)}°{int(v % 1 * 60)}'{v % 1 * 60 % 1 * 60:.2f}\"" for v in (lat, lon)]
    return {
        "degrees": json.dumps({"geometry": {"coordinates": [round(lon, 6), round(lat, 6)]}}),
        "latitude first": f"<p>{lat:.5f}, {lon:.5f}</p>",
        "with a height": f"LINESTRING Z ({lon:.6f} {lat:.6f} 3.1)",
        "members": json.dumps({"lon": lon, "accuracy_m": 0.3, "lat": lat}),
        "Mars": json.dumps(gcj),
        "Baidu": json.dumps(bd),
        "working metres": f"x={at.x:.2f} y={at.y:.2f}",
        "northing first": f"{at.y:.1f},{at.x:.1f}",
        "with zone": f"{zoned[0]:.1f} {zoned[1]:.1f}",
        "mercator": f'<path d="M{mercator[0]:.1f} {mercator[1]:.1f}"/>',
        "minutes": " ".join(minutes),
    }


@pytest.mark.parametrize("how", written())
def test_a_leak_that_is_sown_is_found(
    world: World, hunter: Hunter, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    app = seeded(world.settings, written()[how].encode(), "text/plain")
    with TestClient(app) as client:
        reading = Reading(client, hunter)
        reading.get("/leak", {})
    assert len(reading.leaks) >= 1
    assert hunter.in_text(capfd.readouterr().err)


def test_what_is_ten_metres_off_is_no_main(hunter: Hunter) -> None:
    at = lines()[2].interpolate(0.4, normalized=True)
    assert hunter.in_text(f"{at.x + 10:.2f} {at.y - 10:.2f}") == []
    assert hunter.in_text(f"{at.x + 0.4:.2f} {at.y - 0.4:.2f}")
