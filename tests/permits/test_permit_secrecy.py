"""A clerk of one company over another's main; one statement on the wire; who may ask at all."""

import asyncio
import json
import re
from typing import Any

import psycopg
import pytest

from access.reading import calm
from conftest import owner
from gridwarden.access.roles import login_name, role_name
from gridwarden.database import ADMINISTRATORS, ASKERS, ROLES, WORK_ROLES, Caller, open_pool
from gridwarden.database.accounts import connect_superuser
from gridwarden.database.addresses import login_dsn
from gridwarden.permits.check import ask
from gridwarden.permits.question import read_question
from gridwarden.settings import Settings

from .conftest import EDGE_M, METRES, Ground, X, box, lonlat

MAY_ASK = ("utility", "supervisor")
TOLD = {"operator", "pressure_class", "distance_band"}


def browse(ground: Ground, who: str, area: dict[str, Any]) -> str:
    """The printed answer's HTML."""
    form = {"area": json.dumps(area), "method": "mechanical", "crs": METRES}
    sent = ground.http.post("/permits/check?lang=en", data=form, headers=ground.keys[who])
    assert sent.status_code == 200, sent.text
    return sent.text


@pytest.mark.parametrize("who", ["A", "bureau"])
def test_over_another_companys_main_one_is_told_its_name_and_band_and_never_clear(
    ground: Ground, who: str
) -> None:
    y = ground.lane()
    ground.main("B", y, "SHB", code="SECRET-B-7", accuracy_m=0.3271)
    area = box(y + EDGE_M + 10.3719)
    found = ground.ask(area, who)
    assert found["verdict"] == "protection_plan"
    assert found["mains"] == [{"operator": "B", "pressure_class": "SHB", "distance_band": "5-15"}]
    (reason,) = found["reasons"]
    told = (reason["required_m"], reason["measured_m"], reason["margin_m"], reason["certainty"])
    assert told == (None, None, None, None)
    assert found["move_m"] is None
    assert found["contacts"] == [{"operator": "B", "phone": "0712-2000", "duty_phone": None}]
    assert "B (0712-2000)" in found["say"] and "may reach" in found["say"]
    page = browse(ground, who, area)
    for text in (calm(json.dumps(found)), calm(page)):  # a moment's digits are no secret's
        for secret in ("SECRET-B-7", "10.37", "10.47", "0.32", "8.5", str(y)):
            assert secret not in text
    assert ground.ask(area, "B")["mains"][0]["code"] == "SECRET-B-7"


def test_what_differs_between_two_places_in_a_band_does_not_reach_the_answer(
    ground: Ground,
) -> None:
    y = ground.lane()
    ground.main("B", y, "SHB", accuracy_m=0.1)

    def told(gap: float, who: str) -> dict[str, Any]:
        found = ground.ask(box(y + EDGE_M + gap), who)
        del found["number"], found["data"]["snapshot"], found["data"]["asked_at"]
        return found

    # what A is told may count from up to 5 m nearer: a main that A may not read is moved
    assert told(10.1, "A") == told(14.8, "A")
    assert told(10.1, "B") != told(14.8, "B")


def test_mains_of_one_operator_class_and_band_are_one_line(ground: Ground) -> None:
    y = ground.lane()
    for offset in (0.0, 0.5, 1.0):
        ground.main("B", y - offset, "MB")
    ground.main("B", y - 8, "SHB")
    found = ground.ask(box(y + EDGE_M + 2))
    told = [(main["pressure_class"], main["distance_band"]) for main in found["mains"]]
    assert told == [("MB", "0-5"), ("SHB", "5-15")]
    assert all(set(main) == TOLD for main in found["mains"])


def test_the_company_is_the_one_of_the_key_and_not_one_that_is_claimed(ground: Ground) -> None:
    y = ground.lane()
    ground.main("B", y, code="SECRET-B-8")
    body = {"area": box(y - 2), "method": "mechanical", "orgs": str(ground.orgs["B"])}
    refused = ground.http.post("/api/permits/check", json=body, headers=ground.keys["A"])
    assert (refused.status_code, refused.json()["field"]) == (400, "orgs")


@pytest.mark.parametrize("role", [r for r in ASKERS + ADMINISTRATORS if r not in MAY_ASK])
def test_other_roles_may_not_ask(ground: Ground, role: str) -> None:
    from conftest import bearer, make_key

    headers = bearer(make_key(ground.settings, role, all_districts=True))
    body = {"area": box(ground.lane()), "method": "hand"}
    for path in ("/api/permits/check", "/permits/check"):
        assert ground.http.post(path, json=body, headers=headers).status_code == 403
    assert ground.http.get("/permits/check", headers=headers).status_code == 403
    assert ground.http.post("/api/permits/check", json=body).status_code == 401


@pytest.mark.parametrize("role", ROLES)
def test_the_database_itself_refuses_every_role_but_two(ground: Ground, role: str) -> None:
    caller = json.dumps({"role": role, "person": "x", "orgs": "", "districts": "*"})
    area = json.dumps(box(ground.lane()))
    work = json.dumps({"method": "hand", "words": {"en": {}, "zh": {}}})
    door = "select api.permit_check(%s, %s, %s)"
    with psycopg.connect(login_dsn(ground.settings, "web"), autocommit=True) as web:
        if role in MAY_ASK:
            assert json.loads(web.execute(door, (caller, area, work)).fetchone()[0])["verdict"]
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(door, (caller, area, work))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute("select api.permit_answer(%s, %s, 'en')", (area, work))
    with psycopg.connect(login_dsn(ground.settings, "worker"), autocommit=True) as worker:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            worker.execute(door, (caller, area, work))
        if role in WORK_ROLES:
            worker.execute(f"set role {role_name(role)}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                worker.execute("select api.permit_answer(%s, %s, 'en')", (area, work))


def test_the_role_ends_with_the_statement(ground: Ground) -> None:
    caller = json.dumps({"role": "utility", "person": "x", "orgs": "1", "districts": ""})
    work = json.dumps({"method": "hand", "words": {"en": {}}})
    area = json.dumps(box(ground.lane()))
    with psycopg.connect(login_dsn(ground.settings, "web"), autocommit=True) as web:
        web.execute("select api.permit_check(%s, %s, %s)", (caller, area, work))
        left = "select current_setting('role'), current_setting('gridwarden.orgs', true)"
        assert web.execute(left).fetchone() in (("none", ""), ("none", None))


def test_a_check_is_one_statement_on_the_wire(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y)
    place = {"type": "Point", "coordinates": lonlat(X + 50, y + 9)}
    question = read_question({"area": place, "method": "hand"}, None, ground.settings)
    login = login_name("web", "gridwarden")
    log = ground.settings.cluster / "log" / "postgresql.log"

    async def asked() -> dict[str, Any]:
        # One connection: a second one would say how it was begun, between the two.
        pool = await open_pool(ground.settings.model_copy(update={"web_connections": 1}))
        try:
            async with pool.connection() as c:
                await c.execute("select 'the check begins'")
            caller = Caller("utility", "clerk", (ground.orgs["A"],))
            text = await ask(pool, caller, question)
            async with pool.connection() as c:
                await c.execute("select 'the check ends'")
            return dict(json.loads(text))
        finally:
            await pool.close()

    with connect_superuser(ground.settings) as c:
        c.autocommit = True
        c.execute(f"alter role \"{login}\" set log_statement = 'all'")
        try:
            assert asyncio.run(asked())["verdict"] == "clear"
        finally:
            c.execute(f'alter role "{login}" reset log_statement')
    told = re.findall(
        rf"{login}@gridwarden LOG:  (?:statement|execute [^:]*): (.*)", log.read_text("utf-8")
    )
    first = max(i for i, line in enumerate(told) if "the check begins" in line)
    last = max(i for i, line in enumerate(told) if "the check ends" in line)
    assert told[first + 1 : last] == ['select "api"."permit_check"($1, $2, $3)']


def test_an_answer_is_recorded_and_kept_with_what_it_rests_on(ground: Ground) -> None:
    y = ground.lane()
    ours = ground.main("A", y)
    found = ground.ask(box(y - 2))
    number = int(found["number"].split("-")[1])
    with owner(ground.settings) as c:
        audit = c.execute(
            "select role, person, login, rows, detail from data.audit"
            " where action = 'permit.check' and object = %s",
            (f"permit_answer/{number}",),
        ).fetchall()
        kept = c.execute(
            "select verdict, mains, datasets, rules, snapshot::text, answer, st_area(area)"
            " from data.permit_answer where id = %s",
            (number,),
        ).fetchone()
    ((role, person, login, rows, detail),) = audit
    assert (role, person, rows) == ("gridwarden_utility", "test utility", 1)
    assert login == login_name("web", "gridwarden")
    assert detail["verdict"] == kept[0] == "prohibited"
    assert kept[1] == [{"id": ours, "version": 1}]
    assert kept[2] == found["data"]["datasets"] and kept[3] == found["data"]["rules"]
    assert kept[4] == found["data"]["snapshot"] and kept[5] == found
    assert kept[6] == pytest.approx(80)


def test_answers_are_never_changed(ground: Ground) -> None:
    ground.ask(box(ground.lane()))
    for statement in (
        "update data.permit_answer set verdict = 'clear'",
        "delete from data.permit_answer",
        "truncate data.permit_answer",
    ):
        with pytest.raises(psycopg.Error), owner(ground.settings) as c:
            c.execute(statement)


def test_two_clerks_share_a_connection_without_sharing_rights(module_city: Settings) -> None:
    """Roles and settings are of the statement, not of the pooled connection."""

    async def both() -> list[tuple[str, ...]]:
        pool = await open_pool(module_city.model_copy(update={"web_connections": 1}))
        try:
            question = read_question(
                {"area": box(3_420_000.0), "method": "hand"}, METRES, module_city
            )
            await ask(pool, Caller("utility", "one", (1,)), question)
            await ask(pool, Caller("supervisor", "two", all_districts=True), question)
        finally:
            await pool.close()
        with owner(module_city) as c:
            last = "select role, person from data.permit_answer order by id desc limit 2"
            return [tuple(row) for row in c.execute(last).fetchall()]

    assert asyncio.run(both()) == [("supervisor", "two"), ("utility", "one")]
