"""A planner reads exact mains while a bureau's grant holds: that district's, and on record."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from commands import run_command
from conftest import bearer, make_key, owner
from gridwarden.access.command import os_user
from gridwarden.database import Caller, open_pool
from gridwarden.layers.export.tracing import Traced, trace
from layers.conftest import SmallCity

PATH = "/api/main-grants"


@pytest.fixture(scope="module")
def keys(small_city: SmallCity) -> dict[str, Any]:
    """A planner, another one, and the bureaus of both districts."""
    made: dict[str, Any] = {}
    with owner(small_city.settings) as c:
        rows = c.execute("select id, st_xmin(geom) from data.districts order by 2").fetchall()
        mains = (
            "select d.id, array_agg(m.id order by m.id) from data.districts d join"
            " data.gas_pipelines m on st_intersects(m.geom, d.geom) group by 1"
        )
        made["mains"] = dict(c.execute(mains).fetchall())
    made["districts"] = [row[0] for row in rows if row[0] in made["mains"]]
    first = made["districts"][0]
    made["planner"] = bearer(make_key(small_city.settings, "planner"))
    made["bureau"] = bearer(make_key(small_city.settings, "supervisor", district_ids=(first,)))
    made["elsewhere"] = bearer(make_key(small_city.settings, "supervisor", district_ids=(10**9,)))
    other = make_key(small_city.settings, "planner", all_districts=True)
    with owner(small_city.settings) as c:
        change = "update access.credential set person = 'another' where hash = sha256(%s::bytea)"
        c.execute(change, (other.encode(),))
    made["another"] = bearer(other)
    return made


def give(city: SmallCity, keys: dict[str, Any], who: str = "bureau", **said: Any) -> Any:
    body = {
        "person": "test planner",
        "district": str(keys["districts"][0]),
        "why": "the line of the new ring road",
        "hours": 8,
    }
    return city.client.post(PATH, json=body | said, headers=keys[who])


def test_a_grant_opens_one_district_to_one_planner_and_ends(
    small_city: SmallCity, keys: dict[str, Any]
) -> None:
    http = small_city.client
    assert http.get(f"{PATH}/mains", headers=keys["planner"]).status_code == 404
    made = give(small_city, keys)
    assert made.status_code == 201
    found = http.get(f"{PATH}/mains", headers=keys["planner"])
    assert found.headers["cache-control"] == "no-store"
    ids = [one["id"] for one in found.json()["features"]]
    assert ids == keys["mains"][keys["districts"][0]]
    assert http.get(f"{PATH}/mains", headers=keys["another"]).status_code == 404
    assert http.get(f"{PATH}/mains", headers=keys["bureau"]).status_code == 403
    listed = http.get(PATH, headers=keys["planner"]).json()["items"]
    assert [(one["holds"], one["why"]) for one in listed] == [
        (True, "the line of the new ring road")
    ]
    assert http.get(PATH, headers=keys["another"]).json()["items"] == []
    with owner(small_city.settings) as c:
        seen = c.execute(
            "select lower(r), upper(r) - 1 from data.audit, unnest(mains) r where action = 'saw'"
            " and role = 'gridwarden_planner'"
        ).fetchall()
        looks = "select count(*) from data.audit where action = 'look' and person = 'test planner'"
        assert c.execute(looks).fetchone() == (1,)
    assert sorted(i for low, high in seen for i in range(low, high + 1)) == ids
    assert http.delete(f"{PATH}/{made.json()['id']}", headers=keys["elsewhere"]).status_code == 404
    assert http.delete(f"{PATH}/{made.json()['id']}", headers=keys["bureau"]).status_code == 204
    assert http.get(f"{PATH}/mains", headers=keys["planner"]).status_code == 404


def test_the_command_line_gives_lists_reads_and_ends(
    small_city: SmallCity, keys: dict[str, Any], tmp_path: Path
) -> None:
    me = f"cli:{os_user()}"
    district = keys["districts"][0]
    secret = make_key(small_city.settings, "planner")
    with owner(small_city.settings) as c:
        change = "update access.credential set person = %s where hash = sha256(%s::bytea)"
        c.execute(change, (me, secret.encode()))

    def cli(*words: object) -> subprocess.CompletedProcess[str]:
        return run_command(small_city.settings, "main-grants", *words, GRIDWARDEN_LANGUAGE="en")

    file = tmp_path / "mains.geojson"
    assert cli("mains", file).returncode == 1 and not file.exists()
    alone = cli("give", me, district, "--why", "the new ring road")
    assert alone.returncode == 1 and "another officer" in alone.stderr, alone.stderr
    given = cli("give", "another", district, "--why", "the new ring road", "--hours", 2)
    assert given.returncode == 0, given.stderr
    number = given.stdout.split()[1].rstrip(":")
    assert "the new ring road" in cli("list").stdout
    assert cli("end", number).returncode == 0
    assert give(small_city, keys, person=me).status_code == 201
    read = cli("mains", file)
    assert read.returncode == 0, read.stderr
    document = json.loads(file.read_text("utf-8"))
    assert [one["id"] for one in document["features"]] == keys["mains"][district]
    assert me in document["copy"] and "the line of the new ring road" in document["copy"]
    with owner(small_city.settings) as c:
        c.execute("update data.main_grant set ended_at = now() where ended_at is null")
    assert cli("mains", file).returncode == 1
    for wrong in (("give", "nobody", district, "--why", "the ring road"), ("end", number)):
        refused = cli(*wrong)
        assert refused.returncode == 1 and "Traceback" not in refused.stderr, refused.stderr
    short = cli("give", me, district, "--why", "x")
    assert short.returncode == 1 and "Traceback" not in short.stderr, short.stderr


async def _traced(city: SmallCity, file: Path) -> Traced:
    pool = await open_pool(city.settings, "web")
    try:
        bureau = Caller("supervisor", "tracer", all_districts=True)
        return await trace(pool, bureau, city.settings, file, None)
    finally:
        await pool.close()


def test_what_a_grant_opens_is_a_numbered_copy_that_can_be_traced(
    small_city: SmallCity, keys: dict[str, Any], tmp_path: Path
) -> None:
    with owner(small_city.settings) as c:  # one of many vertices
        line = (
            "st_segmentize(st_makeline(st_translate(st_startpoint(st_geometryn(g.geom, 1)), 1, 0),"
            " st_translate(st_startpoint(st_geometryn(g.geom, 1)), 21, 0)), 0.501)"
        )
        c.execute(
            "insert into data.gas_pipelines (dataset_id, source_id, org_id, geom) select"
            f" g.dataset_id, 'bent', g.org_id, st_multi({line}) from data.gas_pipelines g"
            " where g.id = %s",
            (keys["mains"][keys["districts"][0]][0],),
        )
    for person in ("test planner", "another"):
        assert give(small_city, keys, person=person).status_code == 201
    told = []
    for who in ("planner", "planner", "another"):
        answer = small_city.client.get(f"{PATH}/mains", headers=keys[who])
        told.append(answer.json()["copy"])
        file = tmp_path / f"{len(told)}.geojson"
        file.write_bytes(answer.content)
        found = asyncio.run(_traced(small_city, file))
        assert found.copy is not None and found.agree > 0.95 * found.of, found
        assert told[-1].startswith(f"{found.copy['number']} · {found.copy['person']} · ")
        assert "the line of the new ring road" in told[-1]
    assert told[0] == told[1] != told[2] and "another" in told[2]
    with owner(small_city.settings) as c:
        c.execute("delete from data.gas_pipelines where source_id = 'bent'")
        c.execute("update data.main_grant set ended_at = now() where ended_at is null")


def test_nobody_opens_mains_to_the_own_hand(small_city: SmallCity, keys: dict[str, Any]) -> None:
    """Else a bureau's officer takes as a planner, alone, what two persons must agree on."""
    made = {}
    for name, role, person, made_by in (
        ("self", "planner", "Li Wei", None),
        ("officer", "supervisor", "cli:li wei", None),
        ("keyed", "planner", "helper", "Li  Wei"),
    ):
        made[name] = make_key(small_city.settings, role, all_districts=True)
        with owner(small_city.settings) as c:
            c.execute(
                "update access.credential set person = %s, made_by = %s"
                " where hash = sha256(%s::bytea)",
                (person, made_by, made[name].encode()),
            )
    officer = keys | {"officer": bearer(made["officer"])}
    for person in ("Li Wei", "helper"):
        answer = give(small_city, officer, "officer", person=person)
        assert answer.status_code == 403, answer.text
        assert give(small_city, keys, "bureau", person=person).status_code == 201
    with owner(small_city.settings) as c:
        c.execute("update data.main_grant set ended_at = now() where ended_at is null")


def test_a_planner_knows_in_which_squares_mains_lie_without_a_grant(
    small_city: SmallCity, keys: dict[str, Any]
) -> None:
    answer = small_city.client.get("/api/main-cells", headers=keys["planner"])
    assert answer.status_code == 200, answer.text
    found = answer.json()["features"]
    with owner(small_city.settings) as c:
        rows = c.execute(
            "select distinct 'square-500/' || floor(st_x(p.geom) / 500) || '/'"
            " || floor(st_y(p.geom) / 500) from data.gas_pipelines m,"
            " st_dumppoints(st_segmentize(m.geom, 1)) p"
            " where coalesce(m.status, '') not in ('planned', 'abandoned')"
        ).fetchall()
    told = {one["id"] for one in found}
    assert told and told <= {row[0] for row in rows}
    for one in found:
        assert set(one["properties"]) == {"mains", "pressure_class"}
        assert one["properties"]["mains"] in ("few", "some", "many")
        assert len(one["geometry"]["coordinates"][0]) == 5
    for who in ("bureau", "elsewhere"):
        assert small_city.client.get("/api/main-cells", headers=keys[who]).status_code == 403


def test_it_ends_by_itself(small_city: SmallCity, keys: dict[str, Any]) -> None:
    assert give(small_city, keys).status_code == 201
    with owner(small_city.settings) as c:
        c.execute(
            "update data.main_grant set granted_at = now() - interval '2 day',"
            " ends_at = now() - interval '1 second'"
        )
    answer = small_city.client.get(f"{PATH}/mains", headers=keys["planner"])
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("said", "who", "status"),
    [
        ({"why": "short"}, "bureau", 400),
        ({"why": " " * 20}, "bureau", 400),
        ({"why": "a reason\x00 that ends"}, "bureau", 400),
        ({"person": "x\x00"}, "bureau", 400),
        ({"district": "\x00"}, "bureau", 404),
        ({"hours": 721}, "bureau", 400),
        ({"hours": 0}, "bureau", 400),
        ({"person": "nobody"}, "bureau", 404),
        ({}, "elsewhere", 404),
        ({}, "planner", 403),
        ({"ends_at": "2099-01-01"}, "bureau", 400),
    ],
)
def test_what_is_no_grant_is_refused(
    small_city: SmallCity, keys: dict[str, Any], said: dict[str, Any], who: str, status: int
) -> None:
    answer = give(small_city, keys, who, **said)
    assert answer.status_code == status, answer.text
