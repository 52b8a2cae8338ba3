"""A case from the finding to its closing, by the API: what is legal, for whom, on which version."""

import asyncio
import json
from typing import Any

import pytest

from gridwarden.database import Caller, as_caller, open_pool
from gridwarden.hazards.cases.moving import move
from gridwarden.words.problems import Problem
from hazards.town import Town


@pytest.fixture(scope="module")
def found(town: Town) -> dict[str, Any]:
    """A case that nobody has touched."""
    house = town.house()
    town.followed()
    return town.case_of(house)


def test_a_finding_is_a_case_with_its_evidence_and_no_number_yet(
    town: Town, found: dict[str, Any]
) -> None:
    assert (found["state"], found["grade"], found["hazard_no"]) == ("found", "serious", None)
    assert (found["category"], found["source"]) == ("water_system", "screening")
    assert (found["district"], found["grid"], found["standing"]) == ("区0", "格0", True)
    (evidence,) = found["evidence"]
    assert evidence["kind"] == "finding" and evidence["rule"] and evidence["until"] is None
    assert [one["act"] for one in found["acts"]] == ["find"]
    assert {one["act"] for one in found["legal"]} == {"register", "dismiss", "duplicate", "edit"}
    assert "search" not in found, "what lists are searched by is no part of a case"
    assert found["lon"] == pytest.approx(114.0, abs=0.1)


def test_a_case_goes_through_its_whole_life(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.case_of(house)
    refused = town.move(case, "supervisor", "assign", org_id=town.orgs[1])
    assert refused.status_code == 409
    assert "register (register)" in refused.json()["detail"]
    assert "assign (assign)" not in refused.json()["detail"]

    town.done(case, ("inspector", "register"), ("supervisor", "assess"))
    assert case["hazard_no"].startswith("440101") and len(case["hazard_no"]) == 18
    assert case["due_at"] is None
    town.done(case, ("supervisor", "assign"))
    assert case["due_at"] is not None and case["org"] == "物业"
    town.done(case, ("contractor", "accept"))
    unproven = town.move(case, "contractor", "report_done")
    assert (unproven.status_code, unproven.json()["field"]) == (409, "act")
    town.done(case, ("contractor", "report_done"))

    # the rule is judged again: while it fails nobody closes, but by a named exception
    waiting = town.move(case, "inspector", "close")
    assert waiting.status_code == 503 and waiting.headers["Retry-After"]
    town.followed()
    stands = town.move(case, "inspector", "close")
    assert stands.status_code == 409, stands.text
    assert str(town.findings("building_water")[-1]["finding_id"]) in stands.json()["detail"]
    assert town.move(case, "supervisor", "close_with_exception").status_code == 400
    town.watered(house)
    town.followed()
    case = town.case(case["id"])
    assert (case["state"], case["standing"]) == ("awaiting_verification", False)
    assert town.closed(case).status_code == 200
    assert (case["state"], case["closed_by"]) == ("closed", "test inspector")
    town.done(case, ("warden", "look_back"))
    told = town.case(case["id"])
    assert [one["act"] for one in told["acts"]] == [
        *("find", "register", "assess", "assign", "accept", "report_done", "end", "close"),
        "look_back",
    ]
    assert [one["version"] for one in told["acts"]] == list(range(1, 10))


def test_an_exception_is_named_and_kept(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.awaiting(town.case_of(house))
    told = {"note": "the owner is gone", "closing_exception": "sealed off"}
    assert town.move(case, "inspector", "close_with_exception", **told).status_code == 403
    assert town.move(case, "supervisor", "close_with_exception", **told).status_code == 200
    assert (case["state"], case["closing_exception"]) == ("closed", "sealed off")


def test_who_rectifies_does_not_verify(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.case_of(house)
    town.done(case, ("inspector", "register"), ("supervisor", "assess"), ("supervisor", "assign"))
    town.done(case, ("supervisor", "accept"), ("supervisor", "report_done"))
    for act in ("close", "send_back"):
        refused = town.move(case, "supervisor", act, note="x")
        told = refused.json()
        assert refused.status_code == 403 and "another person" in told["detail"]
        assert "the same person" in told["detail"] and "yourself" not in told["detail"]
        legal = [one["act"] for one in town.case(case["id"])["legal"]]
        assert legal and not {"close", "close_with_exception", "send_back"} & set(legal)
        assert sorted(legal) == told["legal"] and "send_back (" not in told["detail"]
    illegal = town.move(case, "supervisor", "register")
    assert illegal.status_code == 409 and illegal.json()["legal"] == told["legal"]
    assert "close (close)" not in illegal.json()["detail"]
    # nor does anybody of the organisation that the case is assigned to, in whatever role
    own = town.key("inspector", district_ids=tuple(town.districts), org_ids=(town.orgs[1],))
    sent = {**own, "If-Match": f'"{case["version"]}"'}
    path = f"/api/hazards/{case['id']}/transitions"
    refused = town.client.post(path + "?lang=en", json={"act": "close"}, headers=sent)
    assert refused.status_code == 403 and "organisation" in refused.json()["detail"]
    town.done(case, ("inspector", "send_back"))
    assert (case["state"], case["returned"]) == ("returned", 1)


def test_versions_guard_every_change(town: Town, found: dict[str, Any]) -> None:
    path, bureau = f"/api/hazards/{found['id']}", town.key("supervisor")
    told = {"leader_in_charge": "王"}
    assert town.client.patch(path, json=told, headers=bureau).status_code == 428
    old = {**bureau, "If-Match": '"99"'}
    stale = town.client.patch(path, json=told, headers=old)
    assert stale.status_code == 412 and stale.headers["ETag"] == f'"{found["version"]}"'
    now = {**bureau, "If-Match": f'"{found["version"]}"'}
    changed = town.client.patch(path, json=told, headers=now)
    assert changed.status_code == 200 and changed.json()["leader_in_charge"] == "王"
    assert changed.headers["ETag"] == f'"{found["version"] + 1}"'
    known = town.client.get(path, headers={**bureau, "If-None-Match": changed.headers["ETag"]})
    assert known.status_code == 304
    wrong = [
        ({"org_id": 1}, 400),
        ({"grade": "worst"}, 400),
        ({"place_words": "x" * 301}, 400),
        ({"state": "closed"}, 400),
        ({"plan": {"amount_cny": -1}}, 400),
        ({"category": "nothing"}, 400),
    ]
    now = {**bureau, "If-Match": "*"}
    for body, status in wrong:
        assert town.client.patch(path, json=body, headers=now).status_code == status, body
    assert town.client.patch(path, json=told, headers=town.key("planner")).status_code == 403
    warden = {**town.key("warden"), "If-Match": "*"}
    assert town.client.patch(path, json=told, headers=warden).status_code == 403


def test_of_eight_editors_of_one_version_one_wins(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.case_of(house)
    editor = Caller("supervisor", "editor", district_ids=(town.districts[0],))

    async def race() -> list[str]:
        pool = await open_pool(town.settings.model_copy(update={"web_connections": 8}), "web")

        async def one(n: int) -> str:
            try:
                async with as_caller(pool, editor) as c:
                    said = {"set": {"leader_in_charge": str(n)}}
                    await move(c, case["id"], "edit", expected=[case["version"]], said=said)
            except Problem as problem:
                return problem.kind
            return "won"

        try:
            return await asyncio.gather(*(one(n) for n in range(8)))
        finally:
            await pool.close()

    assert sorted(asyncio.run(race())) == ["precondition_failed"] * 7 + ["won"]


def test_an_act_of_an_earlier_day_is_entered_late(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.case_of(house)
    day = case["acts"][0]["day"]
    assert town.move(case, "inspector", "register", happened_on="2999-01-01").status_code == 400
    assert town.move(case, "inspector", "register", happened_on="2001-01-01").status_code == 400
    assert town.move(case, "inspector", "register", happened_on=day).status_code == 200
    town.sql("alter table data.hazard_act disable trigger acts_stay")
    back = "update data.hazard_act set day = day - 9, entered_day = entered_day - 9"
    town.sql(back + " where case_id = %s", (case["id"],))
    town.sql("alter table data.hazard_act enable trigger acts_stay")
    ((earlier,),) = town.sql("select (%s::date - 3)::text", (day,))
    assert town.move(case, "inspector", "assess", happened_on=earlier).status_code == 200
    last = town.case(case["id"])["acts"][-1]
    assert (last["day"], last["entered_day"]) == (earlier, day)


def test_what_was_done_in_bulk_is_undone_together_and_only_while_nothing_else_happened(
    town: Town,
) -> None:
    houses = [town.house(), town.house()]
    town.followed()
    cases = [town.done(town.case_of(h), ("inspector", "register")) for h in houses]
    batch = "00000000-0000-4000-8000-000000000001"
    bureau = Caller("supervisor", "test supervisor", district_ids=(town.districts[0],))

    async def run(statement: str, values: list[Any]) -> list[Any]:
        pool = await open_pool(town.settings, "web")
        try:
            async with as_caller(pool, bureau) as c:
                cursor = await c.execute(statement, values)  # type: ignore[arg-type]
                return [row[0] for row in await cursor.fetchall()]
        finally:
            await pool.close()

    ids = [one["id"] for one in cases]
    many = "select api.move_case(i, null, 'assess', '{}', %s) from unnest(%s::bigint[]) i"
    done = asyncio.run(run(many, [batch, ids]))
    assert [one["state"] for one in done] == ["assessed"] * 2
    assert town.move(town.case(ids[1]), "supervisor", "edit", description="x").status_code == 200
    undo = "select api.undo_case(%s, null, %s)"
    assert asyncio.run(run(undo, [ids[0], batch]))[0]["state"] == "registered"
    with pytest.raises(Exception, match=r"hazards\.stale"):
        asyncio.run(run(undo, [ids[1], batch]))
    assert town.case(ids[0])["acts"][-1]["act"] == "undo"


def test_every_move_is_on_record_and_history_stays(town: Town, found: dict[str, Any]) -> None:
    query = "select detail ->> 'act' from data.audit where action = 'hazard_moved' and object = %s"
    assert ("edit",) in town.sql(query, (f"hazards/{found['id']}",))
    for statement in ("update data.hazard_act set day = day", "delete from data.hazard_case"):
        with pytest.raises(Exception, match="only ever added"):
            town.sql(statement)


@pytest.mark.parametrize("bad", ["\x00", "a\ud800"])
def test_text_that_cannot_be_kept_is_refused_and_nothing_is_changed(
    town: Town, found: dict[str, Any], bad: str
) -> None:
    before = town.case(found["id"])
    headers = {**town.key("supervisor"), "If-Match": "*", "Content-Type": "application/json"}
    for told in ({"description": bad}, {"plan": {"measures": bad}}, {"note": bad}):
        refused = town.client.post(
            f"/api/hazards/{found['id']}/transitions?lang=en",
            content=json.dumps({"act": "edit", **told}),
            headers=headers,
        )
        field = next(iter(told.get("plan", told)))
        assert (refused.status_code, refused.json().get("field")) == (400, field), refused.text
    assert town.case(found["id"]) == before


def test_a_form_says_how_long_a_text_may_be(town: Town, found: dict[str, Any]) -> None:
    sent = {"act": "edit", "version": str(found["version"]), "description": "x" * 4001}
    answer = town.client.post(
        f"/hazards/{found['id']}?lang=en",
        data=sent,
        headers={**town.key("supervisor"), "Accept": "text/html", "Origin": "http://testserver"},
    )
    assert "at most 4000 characters" in answer.text
