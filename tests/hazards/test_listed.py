"""Listed supervision 挂牌督办, and the four batches 四个一批."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from conftest import client_of, owner
from gridwarden.hazards.batches.kinds import read_kinds, shipped
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from hazards.duty_cases import Town, town_of

DAY = timedelta(1)


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    with client_of(module_city) as http:
        yield town_of(module_city, http)


def list_case(town: Town, case: dict[str, Any], role: str = "supervisor", **said: Any) -> Any:
    town.seq += 1
    body = {
        "case": case["id"],
        "list_no": f"督〔2026〕{town.seq}号",
        "level": "county",
        "supervisor": "李副区长",
        "why": "逾期未整改",
        "deadline": (date.today() + 30 * DAY).isoformat(),
        **said,
    }
    return town.http.post("/api/listings", json=body, headers=town.key(role))


def step(town: Town, one: dict[str, Any], what: str, role: str = "supervisor", **said: Any) -> Any:
    headers = town.key(role, said.pop("by", None)) | {"If-Match": f'"{one["version"]}"'}
    body = {"step": what, "words": "现场核查情况", **said}
    return town.http.post(f"/api/listings/{one['id']}/steps", json=body, headers=headers)


def closed(town: Town, case: dict[str, Any]) -> dict[str, Any]:
    case = town.moved(case, "accept", "report_done")
    return town.moved(case, "close")


def test_a_case_is_listed_decided_reported_and_delisted_by_two_people(town: Town) -> None:
    case = town.assigned()
    assert list_case(town, town.found()).status_code == 409, "not registered yet"
    assert list_case(town, case, "inspector").status_code == 403
    made = list_case(town, case)
    assert made.status_code == 201, made.text
    one = made.json()
    today = date.fromisoformat(one["listed_day"])
    assert date.fromisoformat(one["decision_due"]) == today + 7 * DAY
    assert date.fromisoformat(one["escalate_on"]) == today + 180 * DAY
    assert one["progress_due"] == (today + 7 * DAY).isoformat()
    assert list_case(town, case).status_code == 409, "listed already"
    other = list_case(town, town.assigned(), list_no=one["list_no"])
    assert other.status_code == 409 and one["list_no"] not in other.text
    assert step(town, one, "decision", "contractor", decision="stop").status_code == 403
    assert step(town, one, "decision").status_code == 400, "which decision"
    one = step(town, one, "decision", decision="stop_in_part").json()
    assert step(town, one | {"version": 1}, "progress").status_code == 412
    one = step(town, one, "progress", "contractor").json()
    assert step(town, one, "applied", "contractor").status_code == 409, "the case is open"
    closed(town, case)
    one = step(town, one, "applied", "contractor").json()
    one = step(town, one, "check_failed", "inspector").json()
    assert one["applied_day"] is None
    one = step(town, one, "applied", by="王").json()
    assert step(town, one, "delisted", by="王").status_code == 403, "who applied does not check"
    one = step(town, one, "delisted", "inspector").json()
    assert one["delisted_day"] == one["delisted_entered_day"] == today.isoformat()
    told = [(s["step"], s["role"]) for s in one["steps"]]
    assert told[0] == ("listed", "supervisor") and told[-1] == ("delisted", "inspector")
    assert step(town, one, "progress").status_code == 409
    with owner(town.settings) as c:
        for table in ("data.listing", "data.listing_step"):
            with pytest.raises(psycopg.Error):
                c.execute(f"delete from {table}")
        row = c.execute("select count(*) from data.audit where action = 'listing_delisted'")
        assert row.fetchone() == (1,)
    assert list_case(town, town.assigned()).status_code == 201
    the_board_counts_the_delisted(town, case, one)


def the_board_counts_the_delisted(town: Town, case: dict[str, Any], one: dict[str, Any]) -> None:
    """R10: one of two was taken off the list, and its case is behind the figure."""
    key = town.key("supervisor")
    url = f"/api/rankings?by=district&day={one['delisted_entered_day']}"
    [district] = town.http.get(url, headers=key).json()["items"]
    [r10] = [found for found in district["indicators"] if found["code"] == "R10"]
    assert (r10["part"], r10["whole"], r10["value"]) == (1, 2, 0.5)
    behind = {
        name: [row["id"] for row in town.http.get(url, headers=key).json()["items"]]
        for name, url in r10["rows"].items()
    }
    assert behind["delisted"] == [case["id"]]
    assert len(behind["listed"]) == 2 and case["id"] in behind["listed"]


def test_what_is_late_of_a_listing_is_computed(town: Town) -> None:
    one = list_case(town, town.assigned()).json()
    fine = ("past_deadline", "decision_late", "progress_late", "goes_higher")
    assert not any(one[late] for late in fine)
    with owner(town.settings) as c:
        c.execute(
            "update data.listing set listed_day = listed_day - 200, deadline = deadline - 200,"
            " decision_due = decision_due - 200, escalate_on = escalate_on - 200 where id = %s",
            (one["id"],),
        )
    url = f"/api/listings/{one['id']}"
    late = town.http.get(url, headers=town.key("planner")).json()
    assert all(late[word] for word in fine)
    assert step(town, late, "escalated", "inspector").status_code == 403
    higher = step(town, late, "escalated").json()
    assert higher["level"] == "city" and not higher["goes_higher"]
    again = date.fromisoformat(higher["escalated_day"]) + 180 * DAY
    assert date.fromisoformat(higher["escalate_on"]) == again, "and after those, higher again"
    higher = step(town, higher, "escalated").json()
    assert higher["level"] == "province"
    assert not step(town, higher, "progress").json()["progress_late"]
    page = town.http.get("/listings", headers=town.key("planner") | {"Accept": "text/html"})
    assert "超过整改期限" in page.text and one["list_no"] in page.text
    own = town.http.get(
        f"/listings/{one['id']}", headers=town.key("supervisor") | {"Accept": "text/html"}
    )
    assert own.status_code == 200 and "停产停业决定" in own.text


def test_what_happened_earlier_is_entered_late_by_a_bureau_alone(town: Town) -> None:
    case = town.assigned()
    tomorrow = (date.today() + 3 * DAY).isoformat()
    assert list_case(town, case, happened_on=tomorrow).status_code == 400
    for day in ("9999-12-31", "1800-01-01", str(date.today() + timedelta(days=365 * 6))):
        answer = list_case(town, case, deadline=day)
        assert (answer.status_code, answer.json()["field"]) == (400, "deadline"), day
    one = list_case(town, case).json()
    before = (date.fromisoformat(one["listed_day"]) - DAY).isoformat()
    assert step(town, one, "progress", happened_on=before).status_code == 400
    same = step(town, one, "progress", "contractor", happened_on=one["listed_day"])
    assert same.status_code == 400, "a company enters nothing late"
    assert step(town, one, "progress", happened_on=one["listed_day"]).status_code == 200


def batch(town: Town, kind: str, **said: Any) -> dict[str, Any]:
    body = {"kind": kind, "name": f"{kind} {town.seq}", **said}
    answer = town.http.post("/api/batches", json=body, headers=town.key("supervisor"))
    assert answer.status_code == 201, answer.text
    return answer.json()


def fill(town: Town, made: dict[str, Any], *items: dict[str, Any]) -> Any:
    url = f"/api/batches/{made['id']}/entries"
    return town.http.post(url, json={"items": list(items)}, headers=town.key("supervisor"))


def totals(town: Town, role: str = "supervisor") -> dict[str, Any]:
    answer = town.http.get("/api/batches", headers=town.key(role)).json()
    return {one["code"]: one["total"] for one in answer["kinds"]}


def test_the_four_batches_give_the_campaign_s_figures_back(town: Town) -> None:
    cases = [town.assigned() for _ in range(3)]
    solved, listed = batch(town, "solved"), batch(town, "listed_and_handed_over")
    exposed, punished = batch(town, "exposed"), batch(town, "punished")
    assert fill(town, solved, *({"case_id": c["id"]} for c in cases)).json()["new"] == 3
    units = [{"unit": f"单位{n}"} for n in range(11)]
    assert fill(town, listed, {"case_id": cases[0]["id"]}, *units).json()["new"] == 12
    media = [{"unit": f"单位{n}", "channel": "晚报"} for n in range(10)]
    assert fill(town, exposed, *media).json()["new"] == 10
    fines = [
        {"unit": f"物业{n}", "document_no": f"罚字{n}号", "amount_cny": 5800 if n else 6800}
        for n in range(38)
    ]
    assert fill(town, punished, *fines).json()["new"] == 38
    assert fill(town, punished, fines[0]).json()["new"] == 0, "it is in it already"
    found = totals(town)
    assert [found[k]["units"] for k in ("listed_and_handed_over", "exposed", "punished")] == [
        *(12, 10, 38)
    ]
    assert float(found["punished"]["amount_cny"]) == 221_400
    assert found["solved"]["cases"] == 3 and found["solved"]["units"] == 1
    [first, *_] = town.http.get(
        f"/api/batches/{punished['id']}", headers=town.key("supervisor")
    ).json()["entries"]
    url = f"/api/batches/{punished['id']}/entries/{first['id']}"
    why = {"why": "document withdrawn"}
    gone = town.http.request("DELETE", url, json=why, headers=town.key("supervisor"))
    assert gone.status_code == 204
    again = town.http.request("DELETE", url, json=why, headers=town.key("supervisor"))
    assert again.status_code == 404
    assert float(totals(town)["punished"]["amount_cny"]) == 214_600
    kept = town.http.get(f"/api/batches/{punished['id']}", headers=town.key("supervisor")).json()
    assert kept["entries"][0]["removed_why"] == "document withdrawn"
    page = town.http.get("/batches", headers=town.key("planner") | {"Accept": "text/html"})
    assert "214\u202f600" in page.text and "严肃处罚一批" in page.text
    one = town.http.get(
        f"/batches/{punished['id']}", headers=town.key("supervisor") | {"Accept": "text/html"}
    )
    assert "document withdrawn" in one.text


def test_entries_that_lack_what_their_kind_needs_are_refused_together(town: Town) -> None:
    punished, exposed = batch(town, "punished"), batch(town, "exposed")
    good = {"unit": "甲", "document_no": "1号", "amount_cny": "100.50"}
    for bad, field in (
        ({"unit": "乙", "amount_cny": 1}, "items.1"),
        ({"unit": "乙", "document_no": "2号"}, "items.1"),
        ({"document_no": "2号", "amount_cny": 1}, "items.1"),
        ({"case_id": 7, "document_no": "2号", "amount_cny": 1}, "items.1"),
    ):
        answer = fill(town, punished, good, bad)
        assert answer.status_code in (400, 404) and answer.json()["field"] == field, answer.text
    assert fill(town, exposed, {"unit": "甲"}).status_code == 400
    old = fill(town, punished, good, {**good, "unit": "乙", "day": "1999-12-31"})
    assert (old.status_code, old.json()["field"]) == (400, "items.1.day")
    begun = {"kind": "solved", "name": "x", "day": "1800-01-01"}
    answer = town.http.post("/api/batches", json=begun, headers=town.key("supervisor"))
    assert (answer.status_code, answer.json()["field"]) == (400, "day")
    entries = town.http.get(f"/api/batches/{punished['id']}", headers=town.key("supervisor"))
    assert entries.json()["entries"] == []
    case = town.assigned()
    solved = batch(town, "solved")
    assert fill(town, solved, {"case_id": case["id"]}, {"unit": "别家"}).status_code == 200
    own = town.http.get(f"/api/batches/{solved['id']}", headers=town.key("contractor")).json()
    assert [one["case_id"] for one in own["entries"]] == [case["id"]], "its own case alone"
    hidden = town.http.get(f"/api/batches/{exposed['id']}", headers=town.key("contractor"))
    assert hidden.status_code == 404
    every, theirs = (
        sum(one["batches"] for one in totals(town, role).values())
        for role in ("supervisor", "contractor")
    )
    assert theirs < every, "how many others there are is not told"


def test_an_entry_is_taken_out_by_the_form_in_its_row_and_stays_to_be_seen(town: Town) -> None:
    made = batch(town, "punished")
    fill(town, made, {"unit": "华安物业", "document_no": "罚字1号", "amount_cny": 5000})
    headers = town.key("supervisor") | {"Accept-Language": "en", "Accept": "text/html"}
    page = f"/batches/{made['id']}"
    entries = town.http.get(f"/api{page}", headers=headers).json()["entries"]
    url = f"{page}/entries/{entries[0]['id']}/take"
    assert url in town.http.get(page, headers=headers).text

    def sent(where: str, **values: str) -> Any:
        return town.http.post(where, data=values, headers=headers, follow_redirects=False)

    short = sent(url, why="x")
    assert short.status_code == 400 and "The value of reason cannot be taken" in short.text
    wrong = sent(f"{page}/entries", unit="某公司", document_no="罚字2号", amount_cny="-3")
    assert wrong.status_code == 400 and "The value of amount cannot be taken" in wrong.text
    assert sent(url, why="列错批次", more="1").status_code == 400
    done = sent(url, why="列错批次")
    assert (done.status_code, done.headers["location"]) == (303, page)
    after = town.http.get(page, headers=headers).text
    assert "列错批次" in after and url not in after and "0 entries" in after
    assert sent(url, why="列错批次").status_code == 404


def test_an_office_chooses_its_own_kinds_and_keeps_what_is_in_use(town: Town) -> None:
    batch(town, "solved")
    text = shipped().replace('code = "solved"', 'code = "shut_down"').replace("推动解决", "关停")
    kinds = read_kinds(text)
    with owner(town.settings) as c:
        c.execute("select data.keep_batch_kinds(%s)", (Jsonb(kinds.document()),))
    told = town.http.get("/api/batches", headers=town.key("supervisor")).json()["kinds"]
    assert {one["code"]: one["retired"] for one in told}["solved"] is True
    assert {one["code"]: one["zh"] for one in told}["shut_down"] == "关停一批"
    answer = town.http.post(
        "/api/batches", json={"kind": "solved", "name": "x"}, headers=town.key("supervisor")
    )
    assert answer.status_code == 400
    with pytest.raises(Problem, match=r"kind\.0\.needs"):
        read_kinds(shipped().replace("needs = []", 'needs = ["wishes"]', 1))
