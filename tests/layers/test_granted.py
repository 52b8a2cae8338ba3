"""A planner reads exact mains while a bureau's grant holds: that district's, and on record."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from commands import run_command
from conftest import bearer, make_key, owner
from gridwarden.access.command import os_user
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
    given = cli("give", me, district, "--why", "the new ring road", "--hours", 2)
    assert given.returncode == 0, given.stderr
    number = given.stdout.split()[1].rstrip(":")
    assert "the new ring road" in cli("list").stdout
    read = cli("mains", file)
    assert read.returncode == 0, read.stderr
    found = json.loads(file.read_text("utf-8"))["features"]
    assert [one["id"] for one in found] == keys["mains"][district]
    assert cli("end", number).returncode == 0
    assert cli("mains", file).returncode == 1
    for wrong in (("give", "nobody", district, "--why", "the ring road"), ("end", number)):
        refused = cli(*wrong)
        assert refused.returncode == 1 and "Traceback" not in refused.stderr, refused.stderr
    short = cli("give", me, district, "--why", "x")
    assert short.returncode == 1 and "Traceback" not in short.stderr, short.stderr


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
