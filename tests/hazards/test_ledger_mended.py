"""What once let through too much: hands under two spellings, days, duplicates, values in bulk."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from conftest import bearer, make_key
from gridwarden.words.figures import when
from hazards.town import Town


def found(town: Town) -> tuple[int, dict[str, Any]]:
    """A building, and the case of it that nobody has touched."""
    house = town.house()
    town.followed()
    return house, town.case_of(house)


def earlier(town: Town, case: dict[str, Any], days: int) -> None:
    """All that happened to a case so far, happened so many days before."""
    town.sql("alter table data.hazard_act disable trigger acts_stay")
    back = "update data.hazard_act set day = day - %s, entered_day = entered_day - %s"
    town.sql(back + " where case_id = %s", (days, days, case["id"]))
    town.sql("alter table data.hazard_act enable trigger acts_stay")


@pytest.mark.parametrize("called", ["cli:test supervisor", "Test  Supervisor key 7"])
def test_who_rectified_does_not_verify_under_another_spelling(town: Town, called: str) -> None:
    house, case = found(town)
    town.done(case, ("inspector", "register"), ("supervisor", "assess"), ("supervisor", "assign"))
    town.done(case, ("supervisor", "accept"), ("supervisor", "report_done"))
    town.watered(house)
    town.followed()
    secret = make_key(town.settings, "supervisor", district_ids=(town.districts[0],))
    town.sql(
        "update access.credential set person = %s where hash = sha256(%s::bytea)",
        (called, secret.encode()),
    )
    headers, path = bearer(secret), f"/api/hazards/{case['id']}"
    told = town.client.get(path, headers=headers).json()
    assert not {"close", "send_back", "close_with_exception"} & {x["act"] for x in told["legal"]}
    headers["If-Match"] = f'"{told["version"]}"'
    refused = town.client.post(
        f"{path}/transitions?lang=en", json={"act": "close"}, headers=headers
    )
    assert refused.status_code == 403 and "another person" in refused.json()["detail"]
    assert town.closed(town.case(case["id"])).status_code == 200, "an inspector closes it"


def test_what_is_entered_for_an_earlier_day_is_due_by_that_day(town: Town) -> None:
    _, case = found(town)
    day = case["acts"][0]["day"]
    town.done(case, ("inspector", "register"), ("supervisor", "assess"))
    earlier(town, case, 9)
    ((on, due),) = town.sql(
        "select d::text, data.working_day_after(d, x.n)::text"
        " from data.working_day_after(%s::date - 9, 1) d, data.deadline x"
        " where (x.grade, x.family, x.unit) = ('serious', '', 'working_days')"
        " order by x.version desc limit 1",
        (day,),
    )
    told = town.move(case, "supervisor", "assign", org_id=town.orgs[1], happened_on=on)
    assert told.status_code == 200, told.text
    zone = "select (%s::timestamptz at time zone %s)::text"
    ((until,),) = town.sql(zone, (case["due_at"], town.settings.time_zone))
    assert until == f"{due} 17:00:00"


def test_resuming_gives_no_time_that_was_not_left_and_a_lower_grade_forgives_nothing(
    town: Town,
) -> None:
    """Two working days were left thirty days ago; the bureau cannot make three of them alone."""
    _, case = found(town)
    town.done(case, ("inspector", "register"), ("supervisor", "assess"), ("supervisor", "assign"))
    case = town.done(case, ("supervisor", "defer"))
    today = town.case(case["id"])["acts"][-1]["day"]
    ((then, left_on, more_on),) = town.sql(
        "select data.working_day_after(%s::date - 30, 2), data.working_day_after(%s, 2),"
        " data.working_day_after(%s, 3)",
        (today, today, today),
    )
    zone = ZoneInfo(town.settings.time_zone)
    due, left, more = (datetime.combine(d, time(17), zone) for d in (then, left_on, more_on))
    earlier(town, case, 30)
    town.sql("update data.hazard_case set due_at = %s where id = %s", (due, case["id"]))
    case = town.case(case["id"])
    page = town.client.get(f"/hazards/{case['id']}?lang=en", headers=town.key("supervisor")).text
    resume = page.partition('value="resume"')[2].partition("</form>")[0]
    assert when(left, "en", zone=town.settings.time_zone) in resume, "the form says until when"
    refused = town.move(case, "supervisor", "resume", due_at=more.isoformat())
    assert (refused.status_code, refused.json()["field"]) == (400, "due_at")
    assert town.move(case, "supervisor", "resume").status_code == 200
    assert datetime.fromisoformat(case["due_at"]) == left

    late = "update data.hazard_case set due_at = due_at - interval '40 days' where id = %s"
    town.sql(late, (case["id"],))
    case = town.case(case["id"])
    was, overdue = case["due_at"], case["overdue"]
    for grade in ("general", "major"):
        assert town.move(case, "supervisor", "edit", grade=grade).status_code == 200
        assert (case["due_at"], case["overdue"], overdue) == (was, True, True), grade


def test_a_finding_that_ends_a_second_time_is_verified_again(town: Town) -> None:
    house, case = found(town)
    town.awaiting(case)
    town.watered(house)
    town.followed()
    case = town.case(case["id"])
    town.done(case, ("inspector", "send_back"))
    town.watered(house, "none")
    town.followed()
    case = town.case(case["id"])
    assert (case["state"], case["standing"]) == ("returned", True)
    town.watered(house)
    town.followed()
    case = town.case(case["id"])
    assert (case["state"], case["standing"]) == ("awaiting_verification", False)


def test_two_cases_are_not_each_other_s_duplicates(town: Town) -> None:
    (_, one), (_, two) = found(town), found(town)
    assert town.move(one, "inspector", "duplicate", duplicate_of=two["id"]).status_code == 200
    refused = town.move(two, "inspector", "duplicate", duplicate_of=one["id"])
    assert (refused.status_code, refused.json()["field"]) == (400, "duplicate_of")


@pytest.mark.parametrize(
    "values",
    [
        {"category": "xyz"},
        {"category": None},
        {"plan": {"amount_cny": "abc"}},
        {"place_words": {"a": 1}},
        {"due_at": "2030-01-01T00:00:00"},
        {"person_responsible": "x" * 81},
    ],
)
def test_values_in_bulk_are_checked_as_one_s_are(town: Town, values: dict[str, Any]) -> None:
    _, case = found(town)
    asked = {"cases": [{"id": case["id"]}], "act": "edit", "set": values}
    answer = town.client.post("/api/hazards/bulk", json=asked, headers=town.key("supervisor"))
    assert answer.status_code in (400, 409), answer.text
    assert town.case(case["id"])["version"] == case["version"]
    page = town.client.get(f"/hazards/{case['id']}", headers=town.key("supervisor"))
    assert page.status_code == 200


def test_a_case_named_twice_in_one_act_is_moved_and_put_back_once(town: Town) -> None:
    _, case = found(town)
    key, one = town.key("supervisor"), {"id": case["id"]}
    asked = {"cases": [one, one], "act": "edit", "set": {"leader_in_charge": "王"}}
    done = town.client.post("/api/hazards/bulk", json=asked, headers=key).json()
    assert [x["version"] for x in done["done"]] == [case["version"] + 1]
    undone = town.client.post(f"/api/hazards/bulk/{done['batch']}/undo", json={}, headers=key)
    assert undone.status_code == 200 and town.case(case["id"])["leader_in_charge"] is None


def test_who_went_on_with_a_case_is_not_told_to_who_no_longer_sees_it(town: Town) -> None:
    _, case = found(town)
    key = town.key("supervisor")
    asked = {"cases": [{"id": case["id"]}], "act": "edit", "set": {"leader_in_charge": "王"}}
    done = town.client.post("/api/hazards/bulk", json=asked, headers=key).json()
    moved = "update data.hazard_case set district_id = %s where id = %s"
    town.sql(moved, (town.districts[1], case["id"]))
    answer = town.client.post(f"/api/hazards/bulk/{done['batch']}/undo", json={}, headers=key)
    (left,) = answer.json()["errors"]
    assert answer.status_code == 409 and "by" not in left and "test supervisor" not in answer.text


def test_two_people_who_report_the_same_thing_at_once_make_one_case(town: Town) -> None:
    roles = ("supervisor", "inspector", "warden")
    keys = {role: town.key(role) for role in roles}
    told = {"category": "power", "description": "飞线", "layer": "buildings"}
    for _ in range(3):
        house = town.house()

        def enter(role: str, house: int = house) -> int:
            body = {**told, "subject_id": house}
            return town.client.post("/api/hazards", json=body, headers=keys[role]).status_code

        with ThreadPoolExecutor(3) as at_once:
            assert sorted(at_once.map(enter, roles)) == [200, 200, 201]


def test_what_an_office_found_on_an_earlier_day_can_be_registered_for_it(town: Town) -> None:
    ((day,),) = town.sql("select current_date - 6")
    assert isinstance(day, date)
    told = {"category": "power", "description": "x", "layer": "buildings"}
    told |= {"subject_id": town.house(), "found_at": f"{day}T12:00:00+08:00"}
    naive = json.loads(json.dumps(told)) | {"found_at": f"{day}T12:00:00"}
    inspector = town.key("inspector")
    assert town.client.post("/api/hazards", json=naive, headers=inspector).status_code == 400
    case = town.client.post("/api/hazards", json=told, headers=inspector).json()
    registered = town.move(case, "inspector", "register", happened_on=str(day))
    assert registered.status_code == 200, registered.text
    acts = town.case(case["id"])["acts"]
    assert [one["day"] for one in acts] == [str(day)] * 2
    assert all(one["entered_day"] > str(day) for one in acts)


def test_a_visit_to_a_case_of_another_district_is_one_to_none(town: Town) -> None:
    _, case = found(town)
    said = {"items": [{"saw": "none", "case": case["id"], "place_words": "原址"}]}
    path = "/api/hazards/spot-checks"
    foreign = town.client.post(path, json=said, headers=town.key("supervisor", 1))
    said["items"][0]["case"] = 1
    nowhere = town.client.post(path, json=said, headers=town.key("supervisor", 1))
    assert foreign.status_code == nowhere.status_code == 404


def test_what_a_rule_still_finds_is_not_closed_by_the_name_of_a_report(town: Town) -> None:
    house, case = found(town)
    told = {"category": "water_system", "description": "无水", "layer": "buildings"}
    made = town.client.post(
        "/api/hazards", json={**told, "subject_id": house}, headers=town.key("inspector")
    )
    report = made.json()
    same = town.move(case, "inspector", "duplicate", duplicate_of=report["id"])
    assert same.status_code == 200, same.text
    town.awaiting(report)
    refused = town.closed(report)
    assert refused.status_code == 409 and "finding" in refused.json()["detail"]
    town.watered(house)
    town.followed()
    assert town.closed(report).status_code == 200


def test_an_edit_that_waits_to_be_judged_keeps_a_case_open(town: Town) -> None:
    house, case = found(town)
    town.awaiting(case)
    town.watered(house)
    town.followed()
    case = town.case(case["id"])
    assert town.move(case, "inspector", "close").status_code == 503
    town.followed()
    town.watered(house, "none")
    assert town.move(case, "inspector", "close").status_code == 503, "judged before the edit"
    town.followed()
    case = town.case(case["id"])
    assert (case["state"], case["standing"]) == ("registered", True)
