"""Features as they were known at a moment: the same rows, for the same readers, as then."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql
from starlette.testclient import TestClient

from conftest import owner
from gridwarden.database import OFFICE
from gridwarden.layers.catalogue import layers
from layers.conftest import SmallCity, X, Y, box, put

WIDE = "113.9,30.4,114.3,30.7"
TWO_DAYS = timedelta(days=2)


@dataclass
class Told:
    """The small city with a history, and what each role read at each of its moments."""

    city: SmallCity
    headers: dict[str, dict[str, str]]
    read: dict[datetime, dict[tuple[str, str], dict[int, Any]]] = field(default_factory=dict)
    roof: int = 0
    gone: int = 0


def items(client: TestClient, headers: dict[str, str], layer: str, **asked: Any) -> dict[int, Any]:
    """Every feature of a layer as the caller reads it, by id."""
    asked = {"limit": 100, **asked}
    found: dict[int, Any] = {}
    url: str | None = f"/ogc/collections/{layer}/items"
    while url is not None:
        answer = client.get(url, params=asked or None, headers=headers)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        found |= {one["id"]: one for one in document["features"]}
        url = next((link["href"] for link in document["links"] if link["rel"] == "next"), None)
        asked = {}
    return found


def clock(c: psycopg.Connection[Any]) -> datetime:
    row = c.execute("select clock_timestamp()").fetchone()
    assert row
    return row[0].astimezone(UTC)


def remember(told: Told, c: psycopg.Connection[Any]) -> None:
    """Keep what everybody reads now, under this moment."""
    client = told.city.client
    told.read[clock(c)] = {
        (role, layer): items(client, told.headers[role], layer)
        for role in OFFICE
        for layer, one in layers().items()
        if role in one.readers
    }


@pytest.fixture(scope="module")
def told(small_city: SmallCity) -> Iterator[Told]:
    """Edits by hand of every kind, each remembered as it was read before the next."""
    told = Told(small_city, {role: small_city.headers(role) for role in OFFICE})
    with owner(small_city.settings) as c:
        c.autocommit = True
        remember(told, c)
        told.roof = put(c, "buildings", box(3, 300), name="新楼", extra=json.dumps({"a": [1, 2]}))
        c.execute("update data.gas_pipelines set dn = 200, depth_top_m = 0.1 where pipe_id = 'P1'")
        remember(told, c)
        c.execute(
            f"update data.buildings set geom = st_translate(geom, 50, 0) where id = {told.roof}"
        )
        c.execute("update data.charging_sheds set status_at = '2026-11-20T08:00:00.123456+08'")
        c.execute("delete from data.construction_sites where ends_on is null")
        remember(told, c)
        row = c.execute(
            "delete from data.gas_pipelines where pipe_id = 'P0' returning id"
        ).fetchone()
        assert row
        told.gone = row[0]
        c.execute("update data.districts set name = '新西区' where code = 'W'")
        with c.transaction():
            c.execute("update data.coverage set surveyed_on = '2026-02-01'")
            c.execute("update data.coverage set surveyed_on = '2026-03-01'")
        remember(told, c)
    yield told


def test_at_a_moment_everybody_reads_what_they_read_then(told: Told) -> None:
    client = told.city.client
    for at, read in told.read.items():
        for (role, layer), then in read.items():
            found = items(client, told.headers[role], layer, at=at.isoformat())
            assert found == then, (at, role, layer)


def test_now_is_the_present_for_every_layer_and_role(told: Told) -> None:
    client = told.city.client
    with owner(told.city.settings) as c:
        now = clock(c).isoformat()
    today = datetime.now(ZoneInfo(told.city.settings.time_zone)).date().isoformat()
    for layer, one in layers().items():
        for role in OFFICE:
            headers = told.headers[role]
            if role not in one.readers:
                address = f"/ogc/collections/{layer}/items?at={now.replace('+', '%2B')}"
                assert client.get(address, headers=headers).status_code == 403
                continue
            present = items(client, headers, layer)
            assert present or role == "utility"
            assert items(client, headers, layer, at=now) == present
            if layer in ("buildings", "gas_pipelines"):
                assert items(client, headers, layer, limit=7, at=today) == present
                boxed = items(client, headers, layer, bbox=WIDE)
                assert items(client, headers, layer, bbox=WIDE, at=now) == boxed


def test_of_the_past_too_a_company_reads_its_own_mains_alone(told: Told) -> None:
    """The main that is gone is its company's; the other's never were, at no moment."""
    city = told.city
    first = next(iter(told.read)).isoformat()
    other = city.sign_in("utility", org_ids=(city.known.east_gas,))
    address = f"/ogc/collections/gas_pipelines/items/{told.gone}"
    asked = {"at": first}
    own = city.client.get(address, params=asked, headers=told.headers["utility"])
    assert (own.status_code, own.json()["properties"]["pipe_id"]) == (200, "P0")
    assert city.client.get(address, headers=told.headers["utility"]).status_code == 404
    assert city.client.get(address, params=asked, headers=other).status_code == 404
    theirs = items(city.client, other, "gas_pipelines", at=first)
    assert {one["properties"]["pipe_id"] for one in theirs.values()} == {"P3", "P4"}
    bureau = city.sign_in("supervisor", district_ids=(city.known.east,))
    assert city.client.get(address, params=asked, headers=bureau).status_code == 404


def test_a_moved_feature_is_found_by_the_box_in_which_it_was(told: Told) -> None:
    city = told.city
    moments = list(told.read)
    west, south = X + 1, Y + 298
    corner = f"{west},{south},{west + 14},{south + 14}"
    asked = {"bbox": corner, "bbox-crs": "EPSG:4547"}
    # EPSG:4547 is north first
    asked["bbox"] = f"{south},{west},{south + 14},{west + 14}"
    there = [
        told.roof in items(city.client, told.headers["planner"], "buildings", at=m, **asked)
        for m in (moment.isoformat() for moment in moments)
    ]
    assert there == [False, True, False, False]


def test_an_export_holds_what_was_known(told: Told) -> None:
    """And its file is named by that day."""
    city = told.city
    first = next(iter(told.read))
    asked = {"format": "geojson", "at": first.isoformat()}
    answer = city.client.get(
        "/api/layers/construction_sites/export", params=asked, headers=told.headers["planner"]
    )
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["features"]) == 2
    now = city.client.get(
        "/api/layers/construction_sites/export?format=geojson", headers=told.headers["planner"]
    )
    assert len(now.json()["features"]) == 1


def test_no_moment_shows_half_of_a_transaction(told: Told) -> None:
    """Its rows carry the clock of their statements; none is known before the transaction ends."""
    city = told.city
    with owner(city.settings) as c:
        c.autocommit = True
        before = clock(c)
        with c.transaction():
            one = put(c, "roads", f"SRID=4547;MULTILINESTRING(({X} {Y},{X + 9} {Y}))", name="甲路")
            c.execute("update data.roads set name = '旧路' where id <> %s", [one])
            c.execute("select pg_sleep(0.02)")
            between = clock(c)
            put(c, "roads", f"SRID=4547;MULTILINESTRING(({X} {Y},{X + 8} {Y}))", name="乙路")
        after = clock(c)
    headers = told.headers["viewer"]
    names = [
        sorted(
            one["properties"]["name"]
            for one in items(city.client, headers, "roads", at=m.isoformat()).values()
        )
        for m in (before, between, after)
    ]
    assert names[0] == names[1] == ["一号路"]
    assert names[2] == sorted(["旧路", "甲路", "乙路"])


@pytest.mark.parametrize(
    ("at", "status", "said"),
    [
        ("yesterday", 400, "RFC|offset"),
        ("2026-13-01", 400, "offset"),
        ("2026-11-20T08:00:00", 400, "offset"),
        ("", 400, "offset"),
        pytest.param((datetime.now(UTC) + TWO_DAYS).isoformat(), 400, "to come", id="a moment"),
        pytest.param((date.today() + TWO_DAYS).isoformat(), 400, "to come", id="a day"),
        ("2001-01-01", 404, "begins at"),
        ("0001-01-01", 400, "offset"),
    ],
)
def test_a_moment_that_cannot_be_answered_is_refused(
    told: Told, at: str, status: int, said: str
) -> None:
    for address in ("/ogc/collections/buildings/items", "/api/layers/buildings/export"):
        asked = {"at": at, "lang": "en"} | ({"format": "csv"} if "export" in address else {})
        headers = told.headers["viewer"] | {"Accept-Language": "en"}
        answer = told.city.client.get(address, params=asked, headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.json()["field"] == "at"
        assert any(word in answer.json()["detail"] for word in said.split("|"))


def test_every_twin_is_composed_of_the_view_of_now(told: Told) -> None:
    """A later migration that changes a view makes its twin again, or fails here."""
    twins = (
        "select relname from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v'"
    )
    with owner(told.city.settings) as c:
        named = " and relname ~ '_(at|ended)$'"
        names = [row[0] for row in c.execute(twins + named).fetchall()]
        before = {n: _defined(c, n) for n in names}
        c.execute("select data.twin(l.id) from data.layer l")
        c.execute("select data.twin_findings()")
        assert {n: _defined(c, n) for n in names} == before
        cell = "select pg_get_functiondef('api.finding_cell{}(double precision)'::regprocedure)"
        texts = [c.execute(cell.format(end)).fetchone() for end in ("", "_at")]  # type: ignore[arg-type]
        assert texts[0] and texts[1]
        assert (
            texts[1][0]
            .replace("finding_cell_at", "finding_cell")
            .replace("data.finding_at", "data.finding")
            == texts[0][0]
        )
        c.rollback()
    assert {f"{one}_at" for one in layers()} | {"finding_ended", "finding_exact_ended"} < set(names)


def _defined(c: psycopg.Connection[Any], name: str) -> Any:
    found = c.execute(
        sql.SQL(
            "select pg_get_viewdef({}::regclass), (select relacl::text from pg_class"
            " where oid = {}::regclass)"
        ).format(*[sql.Literal(f"api.{name}")] * 2)
    ).fetchone()
    assert found
    return found
