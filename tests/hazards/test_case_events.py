"""Cases told to feeds and signed webhooks: to who sees them, in order, once, without a place."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from access.own_and_foreign import put
from conftest import client_of, make_key, owner
from gridwarden.hazards.notices.sending import remind
from gridwarden.settings import Settings
from hazards.duty_cases import Town, X, Y, town_of
from jobs.hearing import (
    LOCAL,
    Heard,
    Receiver,
    numbered,
    receiving,
    signature_by_openssl,
    with_pool,
)
from jobs.posting import deliver, deliver_until

SEEING = ("supervisor", "planner", "inspector", "warden", "utility", "contractor")
TOLD = {
    *("id", "hazard_no", "version", "family", "category", "grade", "from_state", "state", "org_id"),
    *("district_id", "due_at", "day", "level"),
}
"""All that is ever told of a case."""


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    settings = module_city.model_copy(
        update={
            "webhook_networks": LOCAL,
            "webhook_retry_s": (0.05, 0.05, 0.05),
            "feed_seconds": 0.5,
        }
    )
    with client_of(settings) as http:
        yield town_of(settings, http)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def told(town: Town, role: str, after: str = "", **asked: str) -> list[dict[str, Any]]:
    """The events of cases that this role is told, oldest first."""
    numbered(town.settings)
    values = {"topic": "case", "limit": "1000"} | asked | ({"cursor": after} if after else {})
    answer = town.http.get("/api/events", params=values, headers=town.key(role))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def latest(town: Town, role: str) -> str:
    """The place after all that there is."""
    numbered(town.settings)
    answer = town.http.get("/api/events?cursor=latest", headers=town.key(role))
    return str(answer.json()["cursor"])


def types(items: list[dict[str, Any]], case: dict[str, Any]) -> list[str]:
    """The types of one case's events."""
    return [one["type"] for one in items if one["case"]["id"] == case["id"]]


def test_acts_reach_a_signed_webhook_in_order_are_tried_again_and_never_told_twice(
    town: Town, receiver: Receiver
) -> None:
    headers = town.key("contractor")
    start = latest(town, "contractor")
    made = town.http.post(
        "/api/webhooks", json={"url": f"{receiver.url}/cases", "topic": "case"}, headers=headers
    ).json()
    tried: list[int] = []

    def counting(heard: Heard) -> int:
        tried.extend([1] if "case.accept" in heard.body else [])
        return 503 if "case.accept" in heard.body and len(tried) < 2 else 204

    receiver.answer = counting
    secret_words = {"place_words": "滨江路7号后门", "description": "盖板松动"}
    case = town.assigned(**secret_words)
    other = town.assigned()
    done = town.moved(case, "accept", "report_done")
    back = town.move(done, "send_back", note="灯未修好")
    assert back.status_code == 200, back.text

    def all_there() -> bool:
        state = town.http.get(f"/api/webhooks/{made['id']}", headers=headers).json()
        return state["waiting"] == 0 and len(receiver.heard) >= 6

    deliver_until(town.settings, all_there)
    deliver(town.settings)
    heard = [json.loads(one.body) for one in receiver.heard]
    mine = [one for one in heard if one["data"]["case"]["id"] == case["id"]]
    assert [one["type"] for one in mine] == [
        *("case.assign", "case.accept", "case.accept"),
        *("case.report_done", "case.send_back"),
    ]
    again = [one for one in receiver.heard if "case.accept" in one.body]
    assert len({one.id for one in again}) == len({one.body for one in again}) == 1
    assert {one.id for one in receiver.heard} - {again[0].id} and len(receiver.heard) == 6
    assert [o["type"] for o in heard if o["data"]["case"]["id"] == other["id"]] == ["case.assign"]
    for one in receiver.heard:
        assert one.headers["webhook-signature"] == signature_by_openssl(made["secret"], one)
        assert not any(word in one.body for word in (*secret_words.values(), "灯", "person"))
    last = mine[-1]["data"]["case"]
    assert set(last) <= TOLD and (last["state"], last["from_state"]) == (
        "returned", "awaiting_verification",
    )  # fmt: skip
    assert last["org_id"] == town.org and last["due_at"] and last["version"] == 7
    listed = told(town, "contractor", start)
    assert types(listed, case) == [one["type"] for one in mine[:2] + mine[3:]]
    feed = town.http.get(
        "/api/events/feed", params={"topic": "case", "cursor": start}, headers=headers
    ).text
    assert feed.count("event: case.accept") == 1 and feed.count("event: ") == len(listed)
    town.http.delete(f"/api/webhooks/{made['id']}", headers=headers)


def test_each_role_is_told_of_the_cases_it_sees_and_of_no_other(town: Town) -> None:
    plain, near, theirs = (town.found() for _ in range(3))
    suspected = town.found()
    with owner(town.settings) as c:
        c.execute("update data.hazard_case set main = true where id = %s", (near["id"],))
        # what nobody has registered is the finding's to tell
        c.execute(
            "insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day,"
            " entered_day, family, role, by_orgs, said, before) values (%s, 2, 'regrade', 'found',"
            " 'found', now(), current_date, current_date, 'x', 'screen', '{}', '{}', '{}')",
            (suspected["id"],),
        )
    for case in (plain, near):
        town.moved(case, "register", "assess", "assign")
    town.moved(theirs, "register", "assess")
    seen: dict[str, set[int]] = {}
    for role in SEEING:
        items = told(town, role)
        seen[role] = {one["case"]["id"] for one in items}
        shown = town.http.get("/api/hazards?limit=1000", headers=town.key(role)).json()["items"]
        assert seen[role] == {one["id"] for one in shown}, role
        for one in items:
            assert set(one) == {"type", "at", "subject", "case"} and set(one["case"]) <= TOLD
        assert "case.regrade" not in {one["type"] for one in items}
    assert near["id"] in seen["inspector"] and near["id"] not in seen["warden"]
    assert {plain["id"], near["id"]} <= seen["contractor"] and theirs["id"] not in seen[
        "contractor"
    ]
    assert seen["utility"] == seen["contractor"], "of the same organisation"
    for role in ("dispatcher", "administrator"):
        assert told(town, role) == []
    assert told(town, "warden", district=str(town.district))
    assert told(town, "contractor", severity="major") == []
    for role in ("warden", "inspector", "contractor"):
        answer = town.http.get("/api/events?topic=finding", headers=town.key(role))
        assert answer.status_code == 200 and answer.json()["items"] == []


def test_who_sees_a_case_no_more_is_told_that_it_left_and_nothing_else(town: Town) -> None:
    with owner(town.settings) as c:
        other = put(c, "organisations", None, name="五建公司", kind="contractor")
        west = f"(({X - 9000} {Y}, {X - 1} {Y}, {X - 1} {Y + 9000}, {X - 9000} {Y}))"
        grid = put(c, "warden_grids", f"MULTIPOLYGON({west})", name="G2")
    case = town.assigned()
    at = {role: latest(town, role) for role in ("contractor", "warden", "supervisor")}
    other_key = make_key(town.settings, "contractor", org_ids=(other,))
    moved = town.move(case, "assign", org_id=other)
    assert moved.status_code == 200, moved.text
    [gone] = told(town, "contractor", at["contractor"])
    assert gone["type"] == "case.left"
    assert gone["case"] == {"id": case["id"], "hazard_no": case["hazard_no"]}
    assert types(told(town, "supervisor", at["supervisor"]), case) == ["case.assign"]
    answer = town.http.get(
        "/api/events?topic=case", headers={"Authorization": f"Bearer {other_key}"}
    )
    assert types(answer.json()["items"], case)[-1] == "case.assign"
    with owner(town.settings) as c:  # its subject moved into another grid
        c.execute("update data.hazard_case set grid_id = %s where id = %s", (grid, case["id"]))
        c.execute(
            "insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day,"
            " entered_day, from_district_id, district_id, grid_id, from_org_id, org_id, family,"
            " role, by_orgs, said, before) values (%s, 99, 'move', 'assigned', 'assigned', now(),"
            " current_date, current_date, %s, %s, %s, %s, %s, 'x', 'screen', '{}', '{}', %s)",
            (
                *(case["id"], town.district, town.district, grid, other, other),
                json.dumps({"grid_id": town.grid}),
            ),
        )
    warden = told(town, "warden", at["warden"])
    assert types(warden, case) == ["case.left"], "the assignment was told no more, the leaving once"
    assert len(told(town, "contractor", at["contractor"])) == 1


def test_days_are_told_once_and_again_for_each_level(town: Town) -> None:
    case = town.assigned(grade="general")
    at = latest(town, "contractor")
    seen, now = [], datetime.now(UTC)
    for hours in (720, 20, 20, -1, -1, -960):
        with owner(town.settings) as c:
            c.execute(
                "update data.hazard_case set due_at = %s, assigned_at = %s where id = %s",
                (now + timedelta(hours=hours), now - timedelta(90), case["id"]),
            )
        with_pool(town.settings, remind)
        items = told(town, "contractor", at)
        seen.append([(one["type"], one["case"].get("level")) for one in items])
    assert seen[0] == [] and seen[1] == seen[2] == [("case.due_soon", None)]
    assert seen[3] == seen[4] == [*seen[1], ("case.overdue", 1)]
    assert [level for _, level in seen[5][2:]] == [1, 2, 3], "a new due moment, level by level"


def test_a_report_that_is_sent_twice_is_one_case(town: Town) -> None:
    lon, lat = town.lonlat(3000, 3000)
    body = {"category": "gas", "description": "私拉软管", "lon": lon, "lat": lat}

    async def twice() -> list[Any]:
        def post() -> Any:
            return town.http.post("/api/hazards", json=body, headers=town.key("warden"))

        return await asyncio.gather(*(asyncio.to_thread(post) for _ in range(3)))

    answers = asyncio.run(twice())
    assert sorted(one.status_code for one in answers) == [200, 200, 201]
    assert len({one.json()["id"] for one in answers}) == 1
    for more in ({"lon": lon + 0.001}, {"description": "私拉软管2处"}, {"category": "e_bike"}):
        answer = town.http.post("/api/hazards", json=body | more, headers=town.key("warden"))
        assert answer.status_code == 201, more
    other = town.http.post("/api/hazards", json=body, headers=town.key("inspector"))
    assert other.status_code == 201, "two people saw it"
