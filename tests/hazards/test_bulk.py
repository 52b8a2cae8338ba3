"""Many cases at once: one act, all or none, put back as one; saved views; files."""

import csv
import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from access.own_and_foreign import put
from conftest import bearer, make_key, owner
from gridwarden.settings import Settings
from hazards.duty_cases import Town, town_of


@pytest.fixture(scope="module")
def town(module_city: Settings, module_client: TestClient) -> Iterator[Town]:
    yield town_of(module_city, module_client)


def assessed(town: Town, n: int, **said: Any) -> list[dict[str, Any]]:
    return [town.moved(town.found(**said), "register", "assess") for _ in range(n)]


def bulk(town: Town, cases: list[dict[str, Any]], act: str, **more: Any) -> Any:
    """The answer to one act on many cases; by `role`, the supervisor's."""
    headers = town.key(more.pop("role", "supervisor"))
    ids = [{"id": one["id"], "version": one["version"]} for one in cases]
    return town.http.post(
        "/api/hazards/bulk?lang=en", json={"cases": ids, "act": act} | more, headers=headers
    )


def state(town: Town, case: dict[str, Any]) -> tuple[str, int, int | None]:
    seen = town.http.get(f"/api/hazards/{case['id']}", headers=town.key("supervisor"))
    assert seen.status_code == 200, seen.text
    told = seen.json()
    return told["state"], told["version"], told["org_id"]


def acts(town: Town, case: dict[str, Any]) -> list[str]:
    with owner(town.settings) as c:
        rows = c.execute(
            "select act from data.hazard_act where case_id = %s order by version", (case["id"],)
        ).fetchall()
    return [row[0] for row in rows]


def test_sixty_cases_are_assigned_as_one_act_and_taken_back_as_one(town: Town) -> None:
    cases = assessed(town, 60)
    done = bulk(town, cases, "assign", set={"org_id": town.org}).json()
    assert done["applied"] and len(done["done"]) == 60 and done["left"] == []
    assert {state(town, one) for one in cases} == {("assigned", 4, town.org)}
    url = f"/api/hazards/bulk/{done['batch']}"
    told = town.http.get(url, headers=town.key("supervisor")).json()
    assert told["cases"] == 60 and len(told["of"]) == 60 and all(one["last"] for one in told["of"])
    undo = f"{url}/undo"
    back = town.http.post(undo, json={}, headers=town.key("supervisor")).json()
    assert back["applied"] and len(back["done"]) == 60
    assert {state(town, one) for one in cases} == {("assessed", 5, None)}
    assert acts(town, cases[7]) == ["find", "register", "assess", "assign", "undo"]
    again = town.http.post(f"{undo}?lang=en", json={}, headers=town.key("supervisor"))
    assert again.status_code == 409 and "taken back before" in again.json()["detail"]
    for whose in (town.key("supervisor", "somebody else"), town.key("inspector")):
        assert town.http.post(undo, json={}, headers=whose).status_code == 404


def test_all_happen_or_none_and_those_that_cannot_are_named(town: Town) -> None:
    cases = assessed(town, 3)
    late = town.moved(cases[1], "assign")
    fresh = town.found()
    asked = [cases[0], cases[1], cases[2], fresh]
    refused = bulk(town, asked, "assign", set={"org_id": town.org})
    told = refused.json()
    assert refused.status_code == 409 and "2 of the 4" in told["detail"]
    reasons = {int(one["id"]): one["reason"] for one in told["errors"]}
    assert "version 4" in reasons[late["id"]] and "found" in reasons[fresh["id"]]
    assert set(reasons) == {late["id"], fresh["id"]}
    assert [state(town, one)[1] for one in (cases[0], cases[2])] == [3, 3]
    dry = bulk(town, asked, "assign", set={"org_id": town.org}, dry_run=True).json()
    assert not dry["applied"] and len(dry["done"]) == 2 and len(dry["left"]) == 2
    assert [state(town, one)[1] for one in (cases[0], cases[2])] == [3, 3]
    some = bulk(town, asked, "assign", set={"org_id": town.org}, only_possible=True).json()
    assert {one["id"] for one in some["done"]} == {cases[0]["id"], cases[2]["id"]}
    assert [state(town, one)[0] for one in asked] == ["assigned", "assigned", "assigned", "found"]


def test_what_somebody_has_gone_on_with_is_named_and_the_rest_can_be_put_back(town: Town) -> None:
    cases = assessed(town, 3)
    done = bulk(town, cases, "assign", set={"org_id": town.org}).json()
    moved = {**cases[0], "version": 4}
    assert town.move(moved, "accept", "contractor", by="工长王某").status_code == 200
    undo = f"/api/hazards/bulk/{done['batch']}/undo"
    refused = town.http.post(undo, json={}, headers=town.key("supervisor"))
    assert refused.status_code == 409
    (error,) = refused.json()["errors"]
    assert error["by"] == "工长王某" and int(error["id"]) == cases[0]["id"]
    assert [state(town, one)[0] for one in cases] == ["rectifying", "assigned", "assigned"]
    some = town.http.post(undo, json={"only_possible": True}, headers=town.key("supervisor")).json()
    assert len(some["done"]) == 2
    assert [state(town, one)[0] for one in cases] == ["rectifying", "assessed", "assessed"]


def test_a_filter_means_all_its_cases_and_no_other(town: Town) -> None:
    cases = assessed(town, 4, category="welding")
    other = assessed(town, 1, category="petition")
    headers = town.key("supervisor")
    body = {
        "filter": "category=welding&state=assessed",
        "act": "assign",
        "set": {"org_id": town.org},
    }
    done = town.http.post("/api/hazards/bulk", json=body, headers=headers).json()
    assert {one["id"] for one in done["done"]} == {one["id"] for one in cases}
    assert state(town, other[0])[0] == "assessed"
    for wrong in ({"filter": "colour=red"}, {"filter": "state"}, {"cases": []}):
        answer = town.http.post(
            "/api/hazards/bulk", json={"act": "assign"} | wrong, headers=headers
        )
        assert answer.status_code == 400, answer.text
    not_theirs = bulk(town, cases, "assign", role="contractor", set={"org_id": town.org})
    assert not_theirs.status_code == 409 and len(not_theirs.json()["errors"]) == 4


def test_views_are_kept_shared_and_forgotten_by_their_keeper(town: Town) -> None:
    url, mine, other = "/api/hazards/views", town.key("supervisor"), town.key("inspector")
    view = {"name": "超期重大", "query": "grade=major&overdue=true&sort=due&cursor=9~9"}
    made = town.http.post(url, json=view | {"columns": ["hazard_no", "due_at"]}, headers=mine)
    assert made.status_code == 201
    town.http.post(
        url, json={"name": "大家看", "query": "state=open", "shared": True}, headers=mine
    )
    kept = {one["name"]: one for one in town.http.get(url, headers=mine).json()["items"]}
    assert kept["超期重大"]["query"] == "grade=major&overdue=true&sort=due"
    assert kept["超期重大"]["columns"] == ["hazard_no", "due_at"] and kept["超期重大"]["own"]
    seen = town.http.get(url, headers=other).json()["items"]
    assert [(one["name"], one["own"]) for one in seen] == [("大家看", False)]
    number = kept["超期重大"]["id"]
    assert town.http.delete(f"{url}/{number}", headers=other).status_code == 404
    assert town.http.delete(f"{url}/{number}", headers=mine).status_code == 204
    for wrong in ({"query": "x=1"}, {"columns": ["password"]}, {"name": " "}):
        body = {"name": "x", "query": ""} | wrong
        assert town.http.post(url, json=body, headers=mine).status_code == 400


def test_cases_leave_as_csv_and_geopackage_and_no_text_is_a_formula(
    town: Town, tmp_path: Path
) -> None:
    case = town.found(category="power", place_words="=1+1|cmd", description="飞线充电")
    export = "/api/hazards/export?category=power"
    got = town.http.get(f"{export}&format=csv", headers=town.key("inspector"))
    assert got.status_code == 200 and got.content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(got.content.decode("utf-8-sig")))
    assert row["place_words"] == "'=1+1|cmd" and row["description"] == "飞线充电"
    assert row["wgs84_lon"].startswith("114.") and row["district"] == "东区"
    file = tmp_path / "cases.gpkg"
    file.write_bytes(town.http.get(f"{export}&format=gpkg", headers=town.key("supervisor")).content)
    with sqlite3.connect(file) as c:
        assert c.execute("select id, category from hazards").fetchall() == [(case["id"], "power")]
    assert town.http.get(f"{export}&format=csv", headers=town.key("viewer")).status_code == 403
    assert (
        town.http.get(f"{export}&format=csv&colour=red", headers=town.key("planner")).status_code
        == 400
    )


def test_the_page_does_the_same_without_script(town: Town) -> None:
    cases = assessed(town, 2, category="property")
    headers = town.key("supervisor")
    shown = town.http.get("/hazards/bulk?category=property&lang=en", headers=headers)
    assert shown.status_code == 200 and all(str(one["hazard_no"]) in shown.text for one in cases)
    form = [("filters", "category=property"), ("act", "assign"), ("org_id", str(town.org))]
    form += [("case", f"{one['id']}:{one['version']}") for one in cases]
    sent = town.http.post(
        "/hazards/bulk", data=_form(form), headers=headers, follow_redirects=False
    )
    assert sent.status_code == 303, sent.text
    page = town.http.get(sent.headers["location"] + "?lang=en", headers=headers)
    assert "2 cases: assign" in page.text and "Take the whole act back" in page.text
    stale = town.http.post("/hazards/bulk?lang=en", data=_form(form), headers=headers)
    assert stale.status_code == 409 and stale.text.count("version 4") == 2
    nothing = town.http.post("/hazards/bulk?lang=en", data={"act": "assign"}, headers=headers)
    assert nothing.status_code == 400 and "No case was chosen" in nothing.text


def test_the_page_narrows_by_what_its_reader_may_see_and_by_nothing_else(town: Town) -> None:
    """District, organisation, kind and due day stand in a part that is folded until one is set."""
    case = town.assigned(category="illegal_structure", place_words="湖滨路违建")
    town.found(category="welding", place_words="焊接铺")
    with owner(town.settings) as c:
        put(c, "districts", "MULTIPOLYGON(((1 1, 9 1, 9 9, 1 1)))", name="邻县", code="429999")
        put(c, "organisations", None, name="无关公司", kind="contractor")

    def shown(role: str, query: str) -> tuple[str, str]:
        """The folded part and the list behind it."""
        text = town.http.get(f"/hazards/bulk?lang=zh&{query}", headers=town.key(role)).text
        form, _, rows = text.partition('action="/hazards/bulk">')[2].partition("</form>")
        return form[form.index("<details") :], rows.partition("<tbody>")[2]

    form, _ = shown("supervisor", "")
    assert form.startswith('<details class="more">'), "folded"
    assert "东区" in form and "四建公司" in form and "违建" in form and "到期日不晚于" in form
    assert "邻县" not in form and "无关公司" not in form
    for query in (
        f"district={town.district}&family=report.illegal_structure",
        f"org={town.org}&category=illegal_structure",
        "org=四建公司&category=illegal_structure",
        "due_before=2099-01-01&category=illegal_structure",
    ):
        form, rows = shown("supervisor", query)
        assert form.startswith('<details class="more" open>'), query
        assert "湖滨路违建" in rows and "焊接铺" not in rows, query
        wanted = query.partition("&")[0].partition("=")[2]
        assert f'value="{wanted}"' in form, "what is set stays set"
    assert "湖滨路违建" not in shown("supervisor", "due_before=2020-01-01")[1]
    form, rows = shown("contractor", "")
    assert case["hazard_no"] in rows and "违建" in form and "焊接" not in form
    keys = make_key(town.settings, "inspector", district_ids=(10**12,))
    text = town.http.get("/hazards/bulk?lang=zh", headers=bearer(keys)).text
    folded = text.partition('<details class="more">')[2].partition("</details>")[0]
    assert "due_before" in folded and "东区" not in text and "违建" not in folded


def _form(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, value in fields:
        made.setdefault(name, []).append(value)
    return made
