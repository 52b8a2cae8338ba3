"""What each role is told: of findings what the list of findings shows it, of imports its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql
from psycopg.rows import dict_row

from conftest import KeyMaker, client_of, owner
from gridwarden.database import ROLES, WORK_ROLES, Caller
from gridwarden.database.cluster import login_dsn
from gridwarden.settings import Settings
from intake.conftest import post, work
from screening.conftest import STEEL_MA, line

from .hearing import Town, numbered

SAME = "id, family, layer, subject_id, main, severity, certainty, distance_band, district_id, x, y"
ALWAYS_ABSENT = {"rule", "clause", "distance_m", "counterpart_id", "margin_m", "main_id", "org_id"}


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Town:
    town = Town(module_city)
    town.build()
    return town


@pytest.fixture(scope="module")
def client(town: Town) -> Iterator[TestClient]:
    with client_of(town.settings) as made:
        yield made


def as_caller(town: Town, caller: Caller, statement: str) -> list[dict[str, Any]]:
    """Rows as this caller reads them through SQL."""
    given = {
        "orgs": caller.orgs_setting,
        "districts": caller.districts_setting,
        "person": caller.person,
    }
    with psycopg.connect(login_dsn(town.settings, "web"), row_factory=dict_row) as c:
        for name, value in given.items():
            c.execute("select set_config(%s, %s, true)", (f"gridwarden.{name}", value))
        role = sql.Identifier(f"gridwarden_{caller.role}")
        c.execute(sql.SQL("set local role {}").format(role))
        return c.execute(statement).fetchall()  # type: ignore[call-overload,no-any-return]


def callers(town: Town) -> dict[str, Caller]:
    """One of every kind that sees anything else than another."""
    (one, two), (west, east) = town.companies, town.districts
    return {
        "company one": Caller("utility", "a", (one,)),
        "company two": Caller("utility", "b", (two,)),
        "both": Caller("utility", "c", (one, two)),
        "no company": Caller("utility", "d"),
        "west": Caller("supervisor", "e", (), (west,)),
        "east": Caller("supervisor", "f", (), (east,)),
        "city": Caller("supervisor", "g", all_districts=True),
        "nowhere": Caller("supervisor", "h"),
        "planner": Caller("planner", "i"),
        "all-seeing planner": Caller("planner", "j", (one, two), (), True),
        "dispatcher": Caller("dispatcher", "k", (one, two), (), True),
    }


NEWEST = f"""
select {SAME} from (
    select distinct on (finding_id) finding_id as {SAME}, act from api.event
    where topic = 'finding' order by finding_id, seq desc) n
where act <> 'left' order by id"""


def test_every_role_is_told_of_a_living_finding_exactly_what_it_may_see_of_it(town: Town) -> None:
    shown: dict[str, set[int]] = {}
    for name, caller in callers(town).items():
        findings = as_caller(town, caller, f"select {SAME} from api.finding order by id")
        told = as_caller(town, caller, NEWEST)
        assert told == findings, name
        shown[name] = {row["id"] for row in findings}
    everything = {row["id"] for row in town.findings()}
    # the comparison would say little if all saw the same
    assert shown["planner"] == shown["city"] == everything
    assert (
        shown["no company"] < shown["company one"] < shown["both"] == everything - _of_nobody(town)
    )
    assert shown["west"] | shown["east"] == everything and not shown["west"] & shown["east"]
    assert shown["nowhere"] == set() != shown["dispatcher"] == shown["no company"]
    veiled = as_caller(
        town, callers(town)["planner"], "select veiled, subject_id, x from api.event"
    )
    assert {row["veiled"] for row in veiled} == {True, False}
    assert all((row["subject_id"] is None) == row["veiled"] for row in veiled)
    assert all(row["x"] % 500 == 250 for row in veiled if row["veiled"])


def _of_nobody(town: Town) -> set[int]:
    return {row["id"] for row in town.findings() if row["main"] and row["org_id"] is None}


def test_other_roles_read_no_event_at_all(town: Town) -> None:
    for role in ROLES:
        if role in WORK_ROLES:
            continue
        caller = Caller(role, "x", town.companies, (), True)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_caller(town, caller, "select * from data.event")
        if role in ("viewer", "security", "auditor"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_caller(town, caller, "select * from api.event")
    administrator = Caller("administrator", "x", town.companies, (), True)
    seen = "select count(*) as n from api.event where topic = 'finding'"
    assert as_caller(town, administrator, seen) == [{"n": 0}]


def test_the_api_tells_the_same_and_never_the_evidence(
    town: Town, client: TestClient, module_sign_in: KeyMaker
) -> None:
    one, _ = town.companies
    for role, rights in (
        ("planner", {}),
        ("utility", {"org_ids": (one,)}),
        ("supervisor", {"all_districts": True}),
        ("dispatcher", {}),
    ):
        headers = module_sign_in(role, **rights)
        items = client.get("/api/events?limit=1000", headers=headers).json()["items"]
        listed = client.get("/api/findings?limit=1000", headers=headers).json()["items"]
        told = {item["finding"]["id"]: item["finding"] for item in items if "finding" in item}
        assert set(told) == {row["id"] for row in listed} and listed
        for row in listed:
            event = told[row["id"]]
            assert not set(event) & ALWAYS_ABSENT
            for name in ("family", "layer", "subject_id", "severity", "main", "district_id"):
                assert event[name] == row[name]
            assert event.get("distance_band") == row.get("distance_band")
            assert ("geometry" in event) == (event["subject_id"] is not None)
        first = client.get("/api/events?limit=1", headers=headers).json()
        assert first["items"] == items[:1]
        for narrowed in (f"cursor={first['cursor']}", f"district={town.districts[0]}"):
            some = client.get(f"/api/events?{narrowed}", headers=headers).json()["items"]
            assert 0 < len(some) < len(items)


def test_who_no_longer_sees_a_finding_is_told_so_and_all_others_that_it_changed(town: Town) -> None:
    """A main is sold, and with it the finding of the wall and of the tree too near to it."""
    one, two = town.companies
    [[main]] = town.sql("select id from data.gas_pipelines where org_id = %s", (one,))
    before = "select max(seq) as seq from api.event"
    latest = as_caller(town, callers(town)["planner"], before)[0]["seq"]
    sold = {row["id"] for row in town.findings() if row["main_id"] == main}
    town.sql("update data.gas_pipelines set org_id = %s where id = %s", (two, main))
    town.step()
    acts = f"select finding_id, act from api.event where seq > {latest} and main order by seq"
    expected = {"company one": "left", "company two": "changed", "no company": None}
    expected |= {"planner": "changed", "city": "changed", "west": "changed", "east": None}
    expected |= {"both": "changed", "dispatcher": None}
    for name, act in expected.items():
        told = [
            (row["finding_id"], row["act"]) for row in as_caller(town, callers(town)[name], acts)
        ]
        assert sorted(told) == [(i, act) for i in sorted(sold) if act], name
    assert sold
    town.sql("update data.gas_pipelines set org_id = %s where id = %s", (one, main))
    town.step()


def test_that_nothing_but_the_evidence_changed_is_told_to_who_may_read_it(town: Town) -> None:
    """Else whoever reads bands and cells would hear a main move by centimetres. Where two mains
    are too near, what was found moves with them, within its cell.
    """
    one, two = town.companies
    [[main]] = town.sql("select id from data.gas_pipelines where org_id = %s", (one,))
    town.main(line((20, -0.4), (80, -0.4)), **STEEL_MA, org_id=one, operator="another")
    town.step()
    latest = as_caller(town, callers(town)["planner"], "select max(seq) as seq from api.event")
    since = latest[0]["seq"]
    told = f"select finding_id, act, layer from api.event where seq > {since} order by finding_id"
    band = "select distance_band as b from data.finding where main_id = %s order by id"
    before = town.sql(band, (main,))
    moved = "update data.gas_pipelines set geom = st_translate(geom, 0, %s) where id = %s"
    town.sql(moved, (0.01, main))
    town.step()
    assert town.sql(band, (main,)) == before
    company = as_caller(town, callers(town)["company one"], told)
    assert {row["act"] for row in company} == {"changed"}
    assert {"buildings", "street_objects", "gas_pipelines"} == {row["layer"] for row in company}
    assert as_caller(town, callers(town)["west"], told) == company
    for name in ("planner", "all-seeing planner", "company two", "dispatcher", "east"):
        assert as_caller(town, callers(town)[name], told) == [], name
    town.sql("update data.gas_pipelines set org_id = %s where id = %s", (two, main))
    town.step()
    assert as_caller(town, callers(town)["planner"], told)
    town.sql("update data.gas_pipelines set org_id = %s where id = %s", (one, main))
    town.step()


def test_who_saw_a_finding_is_told_that_it_ended_and_nobody_else(town: Town) -> None:
    before = {
        name: {row["id"]: row for row in as_caller(town, caller, NEWEST)}
        for name, caller in callers(town).items()
    }
    town.sql("delete from data.buildings")
    town.sql("delete from data.estates")
    town.step()
    gone = {row["subject_id"] for row in town.findings()}
    ended = f"select finding_id as {SAME} from api.event where act = 'ended' order by finding_id"
    for name, caller in callers(town).items():
        told = as_caller(town, caller, ended)
        living = {row["id"] for row in as_caller(town, caller, "select id from api.finding")}
        assert told == [before[name][i] for i in sorted(set(before[name]) - living)], name
    assert as_caller(town, callers(town)["city"], ended) and gone


def test_imports_are_told_to_whom_they_belong(
    town: Town, client: TestClient, module_sign_in: KeyMaker, tmp_path: Path
) -> None:
    def drawn(n: int, broken: bool = False) -> Path:
        file = tmp_path / f"{n}.geojson"
        corners = [[114.0, 30.6], [114.001, 30.6], [114.001, 30.601], [114.0, 30.6]]
        features = [
            {
                "type": "Feature",
                "id": str(i),
                "properties": {"code": f"B{i}"},
                "geometry": {"type": "Polygon", "coordinates": [corners]},
            }
            for i in range(n)
        ]
        text = json.dumps({"type": "FeatureCollection", "features": features})
        file.write_text(text[:-30] if broken else text)
        return file

    mine, others = module_sign_in("supervisor"), module_sign_in("administrator")
    latest = "/api/events?cursor=latest"
    start = client.get(latest, headers=mine).json()["cursor"]
    start_of_others = client.get(latest, headers=others).json()["cursor"]
    form = {"layer": "buildings", "dataset": "told", "crs": "EPSG:4490"}

    def bring(file: Path, **more: str) -> int:
        answer = post(client, mine, file, **form, **more)
        assert answer.status_code == 202, answer.text
        work(town.settings, answer.json()["job"])
        return int(answer.json()["url"].rsplit("/", 1)[1])

    first = bring(drawn(20))
    held = bring(drawn(2))
    broken = bring(drawn(3, broken=True))
    bring(drawn(20), dry_run="true")
    waiting = post(client, mine, drawn(20), **form)
    client.delete(f"/api/jobs/{waiting.json()['job']}", headers=mine)
    bring(drawn(21))
    [[dataset]] = town.sql("select id from data.dataset where name = 'told'")
    back = client.post(f"/api/datasets/{dataset}/rollback", headers=mine, json={"version": 1})
    assert back.status_code == 202, back.text
    work(town.settings, back.json()["job"])
    numbered(town.settings)
    listed = f"/api/events?cursor={start}&topic=import"
    items = client.get(listed, headers=mine).json()["items"]
    told = [(item["type"], item["import"]["id"]) for item in items]
    assert told == [
        ("import.published", first),
        ("import.held", held),
        ("import.failed", broken),
        ("import.cancelled", int(waiting.json()["url"].rsplit("/", 1)[1])),
        ("import.cancelled", held),  # a newer version took its place
        ("import.published", first + 5),
        ("import.rolled_back", back.json()["id"]),
    ]
    assert (items[-1]["import"]["rollback_to"], items[-1]["import"]["removed"]) == (1, 1)
    assert items[0]["import"] == {
        "id": first,
        "layer": "buildings",
        "dataset": "told",
        "version": 1,
        "added": 20,
        "changed": 0,
        "removed": 0,
        "kept": 0,
        "quarantined": 0,
    }
    listed_for_others = f"/api/events?cursor={start_of_others}&topic=import"
    assert client.get(listed_for_others, headers=others).json()["items"] == []
    with owner(town.settings) as c:  # it never happened: nothing is told
        c.autocommit = False
        c.execute("update data.import set state = 'failed' where id = %s", (first,))
        c.rollback()
    numbered(town.settings)
    assert len(client.get(listed, headers=mine).json()["items"]) == len(told)
