"""One hand makes every key of a machine: a company's work is its own all the same."""

import asyncio
import json
import re
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from access.test_doors import run
from conftest import bearer, make_key, owner
from gridwarden.database import ASKERS, Caller, as_caller, open_pool
from gridwarden.settings import Settings

WHOSE = ("root", "gridwarden_utility")


def told(settings: Settings, statement: str, **values: object) -> Any:
    """One value that the owner writes or reads."""
    with owner(settings) as c:
        row = c.execute(statement, values).fetchone()  # type: ignore[arg-type]
    assert row
    return row[0]


def company(settings: Settings, name: str) -> int:
    dataset = told(
        settings,
        "insert into data.dataset (layer, name) values ('organisations', 'o')"
        " on conflict (layer, name) do update set version = 0 returning id",
    )
    statement = (
        "insert into data.organisations (dataset_id, source_id, name, kind)"
        " values (%(dataset)s, %(name)s, %(name)s, 'gas_company') returning id"
    )
    return int(told(settings, statement, dataset=dataset, name=name))


def key(settings: Settings, *arguments: str) -> dict[str, str]:
    done = run(settings, "token", *arguments)
    assert done.returncode == 0, done.stderr
    return bearer(done.stdout.strip())


def brought(settings: Settings, org: int) -> tuple[int, int, int]:
    """An import of mains by `root` of a company, with a bad row: ids of it, its job, its screen."""
    job = told(
        settings,
        "insert into data.job (kind, state, role, person, org_ids)"
        " values ('import', 'queued', %(role)s, %(person)s, array[%(org)s::bigint]) returning id",
        role=WHOSE[1],
        person=WHOSE[0],
        org=org,
    )
    screen = told(
        settings,
        "insert into data.job (kind, state, done, total, role, person, say) values ('screen',"
        " 'running', 2, 7, 'gridwarden_import', 'root', %(say)s) returning id",
        say=json.dumps({"screened": {"added": 40}}),
    )
    made = told(
        settings,
        "insert into data.import (layer, dataset, ask, org_id, file_name, bytes, sha256, role,"
        " person, job_id, screen_job_id, state, quarantined) values ('gas_pipelines', 'net', '{}',"
        " %(org)s, 'net.gpkg', 1, 'x', %(role)s, %(person)s, %(job)s, %(screen)s, 'published', 1)"
        " returning id",
        org=org,
        role=WHOSE[1],
        person=WHOSE[0],
        job=job,
        screen=screen,
    )
    told(
        settings,
        "insert into data.quarantine (import_id, row, reason, value) values (%(made)s, 1,"
        " 'bad_number', 'SECRET-PLACE') returning row",
        made=made,
    )
    return made, job, screen


def test_a_company_sees_none_of_another_s_work_though_one_person_made_both_keys(
    city: Settings, client: TestClient
) -> None:
    a, b = company(city, "甲燃气"), company(city, "乙燃气")
    made, job, screen = brought(city, a)
    mine = key(city, "utility", "--org", "甲燃气", "--person", "root")
    theirs = key(city, "utility", "--org", str(b), "--person", "root")
    orgless = bearer(make_key(city, "utility"))  # an older key: the command makes none any more
    told(city, "update access.credential set person = 'root' where org_ids = '{}' returning id")
    colleague = key(city, "utility", "--org", str(a), "--person", "a colleague")
    paths = (
        f"/api/imports/{made}",
        f"/api/imports/{made}/rejects",
        f"/api/jobs/{job}",
        f"/api/jobs/{screen}",
    )
    for headers, status in ((mine, 200), (colleague, 200), (theirs, 404), (orgless, 404)):
        answers = [client.get(path, headers=headers) for path in paths]
        assert [a.status_code for a in answers] == [status] * 4
        assert any("SECRET-PLACE" in a.text for a in answers) == (status == 200)
        seen = client.get("/api/jobs", headers=headers).json()["items"]
        assert {one["id"] for one in seen} == ({job, screen} if status == 200 else set())
    for headers in (theirs, orgless):
        assert client.delete(f"/api/jobs/{job}", headers=headers).status_code == 404
    assert told(city, "select cancel from data.job where id = %(job)s", job=job) is False
    assert client.delete(f"/api/jobs/{job}", headers=colleague).status_code == 202


def test_the_screen_that_an_import_waits_for_is_seen_as_state_and_counts(
    city: Settings, client: TestClient
) -> None:
    a = company(city, "甲燃气")
    _, _, screen = brought(city, a)
    headers = key(city, "utility", "--org", str(a))
    seen = client.get(f"/api/jobs/{screen}", headers=headers).json()
    assert (seen["state"], seen["done"], seen["total"], seen["say"]) == ("running", 2, 7, {})
    assert client.delete(f"/api/jobs/{screen}", headers=headers).status_code == 409
    assert told(city, "select cancel from data.job where id = %(id)s", id=screen) is False


def test_keys_and_links_that_name_nobody_are_persons_of_their_own(
    city: Settings, client: TestClient
) -> None:
    first, second = (key(city, "planner") for _ in range(2))
    people = [client.get("/api/whoami", headers=h).json()["person"] for h in (first, second)]
    assert people[0] != people[1]
    assert all(re.fullmatch(r".+ key \d+", person) for person in people)
    assert run(city, "login-link", "planner").returncode == 0
    with owner(city) as c:
        named = c.execute("select person from access.credential order by id").fetchall()
        audited = c.execute(
            "select detail->>'person' from data.audit where action in ('key_made', 'link_made')"
            " order by id"
        ).fetchall()
    assert named == audited
    assert len(set(named)) == 3
    listed = run(city, "keys").stdout
    assert all(person in listed for person in people)


NAMED = "organisations", "districts"


def twins(settings: Settings, layer: str) -> tuple[int, int, int]:
    """Three of a layer: a and b share a name, and c's code is the number of a."""
    dataset = told(
        settings,
        "insert into data.dataset (layer, name) values (%(layer)s, 'twins') returning id",
        layer=layer,
    )
    geom = (
        "null"
        if layer == "organisations"
        else ("st_multi(st_makeenvelope(500000, 0, 500100, 100, data.working_srid()))")
    )
    ids: list[int] = []
    for source, name in (("s1", "同名"), ("s2", "同名"), ("s3", "独名")):
        code = str(ids[0]) if source == "s3" else source
        ids.append(
            told(
                settings,
                f"insert into data.{layer} (dataset_id, source_id, name, code, geom)"
                f" values (%(dataset)s, %(source)s, %(name)s, %(code)s, {geom}) returning id",
                dataset=dataset,
                source=source,
                name=name,
                code=code,
            )
        )
    return ids[0], ids[1], ids[2]


@pytest.mark.parametrize(
    ("layer", "option", "column"),
    [("organisations", "--org", "org_ids"), ("districts", "--district", "district_ids")],
)
def test_a_key_is_for_one_and_a_name_of_several_is_refused_naming_them(
    city: Settings, layer: str, option: str, column: str
) -> None:
    a, b, c = twins(city, layer)
    role = "contractor" if layer == "organisations" else "supervisor"
    newest = f"select {column} from access.credential order by id desc limit 1"
    for name, found in ((str(a), a), ("独名", c), ("s2", b)):
        done = run(city, "token", role, option, name)
        assert done.returncode == 0, done.stderr
        assert told(city, newest) == [found]
    refused = run(city, "token", role, option, "同名")
    said = " ".join(refused.stderr.split())
    assert refused.returncode == 1
    assert f"{a} 同名" in said and f"{b} 同名" in said


def test_a_question_about_several_districts_is_refused_naming_them(
    city: Settings, client: TestClient
) -> None:
    a, b, c = twins(city, "districts")
    headers = key(city, "planner")
    for name, status in (("同名", 409), (str(a), 200), ("独名", 200), ("无", 400), ("\x00", 400)):
        answer = client.get("/api/findings", params={"district": name}, headers=headers)
        assert answer.status_code == status, answer.text
        if status == 409:
            assert f"{a} 同名" in answer.json()["detail"] and str(b) in answer.json()["detail"]
    assert len({a, b, c}) == 3


BRING = "select api.bring(%s, 'probe', 'f.csv', 1, 'x', '{}', null)"


@pytest.mark.parametrize("layer", ["buildings", "districts", "organisations", "gas_pipelines", "x"])
def test_the_database_itself_refuses_a_layer_to_a_role_that_its_file_does_not_name(
    module_city: Settings, layer: str
) -> None:
    from gridwarden.layers.catalogue import layers

    named = layers()[layer].importers if layer in layers() else ()

    async def bring(role: str) -> Any:
        pool = await open_pool(module_city, "web")
        try:
            async with as_caller(pool, Caller(role, "probe")) as c:
                return (await (await c.execute(BRING, (layer,))).fetchone() or (None,))[0]
        finally:
            await pool.close()

    for role in (*ASKERS, "administrator"):
        if role in named:  # a company without an organisation has nothing to bring it for
            assert (asyncio.run(bring(role)) is None) == (role == "utility")
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                asyncio.run(bring(role))
