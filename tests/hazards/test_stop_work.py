"""A site with an open case on a critical sub-work keeps its stage, whoever would change it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from access.own_and_foreign import put
from conftest import client_of, owner
from gridwarden.settings import Settings
from hazards.duty_cases import Town, X, Y, town_of
from intake.conftest import work


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    with client_of(module_city) as http:
        yield town_of(module_city, http)


def site(town: Town, name: str) -> int:
    """A site of its own, with a case of nobody."""
    with owner(town.settings) as c:
        at = f"POINT({X + 2000 + 10 * town.seq} {Y + 2000})"
        return put(c, "construction_sites", at, name=name, stage="基坑")


def held(town: Town, name: str) -> tuple[int, dict[str, Any]]:
    """A site, and the registered case that holds its stage."""
    number = site(town, name)
    return number, hold(town, number)


def hold(town: Town, number: int) -> dict[str, Any]:
    """The registered case that holds a site's stage from now on."""
    case = town.moved(
        town.found(layer="construction_sites", subject_id=number), "register", "assess"
    )
    url = f"/api/hazards/{case['id']}/critical-work"
    answer = town.http.put(url, json={"work": "foundation_pit"}, headers=town.key("inspector"))
    assert answer.status_code == 200 and answer.json()["holds"], answer.text
    return case


def patch(town: Town, number: int, **properties: Any) -> Any:
    url = f"/ogc/collections/construction_sites/items/{number}"
    headers = town.key("supervisor") | {"If-Match": "*", "Accept-Language": "en"}
    headers["Content-Type"] = "application/merge-patch+json"
    return town.http.patch(url, json={"properties": properties}, headers=headers)


def stage(town: Town, number: int) -> str:
    with owner(town.settings) as c:
        row = c.execute("select stage from data.construction_sites where id = %s", (number,))
        return str(row.fetchone()[0])  # type: ignore[index]


def test_the_stage_stays_until_the_case_is_closed_and_the_answer_names_it(town: Town) -> None:
    number, case = held(town, "甲工地")
    answer = patch(town, number, stage="主体")
    assert answer.status_code == 409, answer.text
    said = answer.json()["detail"]
    assert case["hazard_no"] in said and "甲工地" in said and "基坑" in said
    assert stage(town, number) == "基坑"
    assert patch(town, number, contractor="五建").status_code == 200, "all else may change"
    moved = town.moved(case, "assign", "accept", "report_done")
    assert patch(town, number, stage="主体").status_code == 409, "claimed is not verified"
    url = f"/ogc/collections/construction_sites/items/{number}"
    gone = town.http.delete(url, headers=town.key("supervisor") | {"If-Match": "*"})
    assert gone.status_code == 409 and case["hazard_no"] in gone.json()["detail"], "nor put back"
    town.moved(moved, "close")
    assert patch(town, number, stage="主体").status_code == 200
    assert stage(town, number) == "主体"


def test_an_override_is_of_one_stage_by_name_and_in_the_audit(town: Town) -> None:
    number, case = held(town, "乙工地")
    url = f"/api/hazards/{case['id']}/stage-overrides"
    body = {"to_stage": "主体", "why": "基坑已回填,经专家论证", "hours": 2}
    assert town.http.post(url, json=body, headers=town.key("inspector")).status_code == 403
    short = town.http.post(url, json=body | {"why": "急"}, headers=town.key("supervisor"))
    assert short.status_code == 400
    made = town.http.post(url, json=body, headers=town.key("supervisor", "陈局"))
    assert made.status_code == 201, made.text
    assert patch(town, number, stage="装修").status_code == 409, "another stage"
    assert patch(town, number, stage="主体").status_code == 200
    assert patch(town, number, stage="装修").status_code == 409, "it is used"
    told = town.http.get(
        f"/api/hazards/{case['id']}/critical-work", headers=town.key("planner")
    ).json()
    [used] = told["overrides"]
    assert used["person"] == "陈局" and used["used_at"] and told["stage"] == "主体"
    with owner(town.settings) as c:
        rows = c.execute(
            "select action, person from data.audit where action in ('stage_override',"
            " 'stage_advanced') and detail::text like %s order by id",
            (f"%{case['hazard_no']}%",),
        ).fetchall()
        late = c.execute("select person from data.audit where action = 'stage_override'").fetchall()
    assert ("stage_advanced", "test supervisor") in rows and ("陈局",) in late
    page = town.http.get(
        f"/hazards/{case['id']}?lang=zh", headers=town.key("supervisor") | {"Accept": "text/html"}
    )
    assert "陈局于" in page.text and "乙工地的施工阶段保持“主体”" in page.text


def test_an_import_does_not_advance_it_either(town: Town, tmp_path: Path) -> None:
    lon, lat = town.lonlat(4000)
    file = tmp_path / "sites.geojson"

    def bring(stage: str) -> dict[str, Any]:
        place = {"type": "Point", "coordinates": [lon, lat]}
        row = {"id": "S1", "name": "丙工地", "stage": stage}
        one = {"type": "Feature", "geometry": place, "properties": row}
        file.write_text(json.dumps({"type": "FeatureCollection", "features": [one]}))
        form = {"layer": "construction_sites", "dataset": "sites", "crs": "EPSG:4326"}
        with file.open("rb") as body:
            answer = town.http.post(
                "/api/imports", data=form, files={"file": body}, headers=town.key("supervisor")
            )
        assert answer.status_code == 202, answer.text
        work(town.settings, answer.json()["job"])
        url = answer.json()["url"]
        told: dict[str, Any] = town.http.get(url, headers=town.key("supervisor")).json()
        return told

    assert bring("基坑")["state"] == "published"
    with owner(town.settings) as c:
        row = c.execute("select id from data.construction_sites where source_id = 'S1'").fetchone()
    assert row is not None
    number, case = int(row[0]), hold(town, int(row[0]))
    told = bring("主体")
    assert told["state"] == "failed" and case["hazard_no"] in json.dumps(told), told
    assert stage(town, number) == "基坑"
    town.moved(town.moved(case, "assign", "accept", "report_done"), "close")
    assert bring("主体")["state"] == "published" and stage(town, number) == "主体"


def test_a_case_of_no_site_names_one_and_a_foreign_one_is_not_there(town: Town) -> None:
    number = site(town, "丁工地")
    case = town.moved(town.found(), "register")
    url = f"/api/hazards/{case['id']}/critical-work"
    body: dict[str, Any] = {"work": "lifting"}
    assert town.http.put(url, json=body, headers=town.key("inspector")).status_code == 404
    missing = body | {"site": 999_999}
    assert town.http.put(url, json=missing, headers=town.key("inspector")).status_code == 404
    named = town.http.put(url, json=body | {"site": number}, headers=town.key("inspector"))
    assert named.status_code == 200 and named.json()["name"] == "丁工地"
    assert patch(town, number, stage="主体").status_code == 409
    elsewhere = body | {"site": town.site}
    assert town.http.put(url, json=elsewhere, headers=town.key("inspector")).status_code == 409
    assert town.http.put(url, json=body, headers=town.key("contractor")).status_code == 403
    free = f"/api/hazards/{town.found()['id']}/stage-overrides"
    over = {"to_stage": "主体", "why": "已整改,经专家论证"}
    assert town.http.post(free, json=over, headers=town.key("supervisor")).status_code == 404


def test_a_form_that_is_refused_is_shown_again_on_the_case_s_page(town: Town) -> None:
    _, case = held(town, "己工地")
    headers = town.key("supervisor") | {"Accept-Language": "en", "Accept": "text/html"}
    page = f"/hazards/{case['id']}"
    short = {"to_stage": "主体", "why": "急", "hours": "2"}
    long = {"case": str(case["id"]), "level": "city", "list_no": "长" * 61}
    for url, values, said in (
        (f"{page}/stage-overrides", short, "The value of reason cannot be taken"),
        (f"{page}/critical-work", {"work": "flying"}, "The value of sub-work cannot be taken"),
        ("/listings", long, "“number of the listing” takes at most 60 characters"),
    ):
        answer = town.http.post(
            f"{url}?lang=en", data=values, headers=headers, follow_redirects=False
        )
        assert answer.status_code == 400, answer.text
        assert said in answer.text and 'id="stop-work"' in answer.text
    nothing = town.http.post(f"{page}/proof", files={"other": b"x"}, headers=headers)
    assert nothing.status_code == 400 and 'role="alert"' in nothing.text
    for number in (1, 2**62):
        answer = town.http.post(f"/hazards/{number}/critical-work", data={}, headers=headers)
        assert answer.status_code == 404


def test_which_site_it_is_is_told_to_who_sees_the_case_s_place(town: Town) -> None:
    """Of a case that is tied to a main an inspector reads the 500 m cell: the site is its place."""
    number, case = held(town, "SECRET-SITE")
    over = {"to_stage": "SECRET-STAGE", "why": "SECRET-SITE may go on", "hours": 2}
    url = f"/api/hazards/{case['id']}"
    made = town.http.post(f"{url}/stage-overrides", json=over, headers=town.key("supervisor"))
    assert made.status_code == 201 and made.json()["site_id"] == number, made.text
    with owner(town.settings) as c:
        c.execute("update data.hazard_case set main = true where id = %s", (case["id"],))
    body = {"work": "lifting", "words": "SECRET-SITE, the tower crane"}
    answers = [
        town.http.put(f"{url}/critical-work", json=body, headers=town.key("inspector")),
        *(
            town.http.get(path, headers=town.key(role))
            for role in ("inspector", "planner")
            for path in (f"{url}/critical-work", f"/hazards/{case['id']}")
        ),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert "SECRET" not in answer.text and f'"site_id":{number}' not in answer.text
    told = answers[0].json()
    assert (told["work"], told["holds"], told["site_id"]) == ("lifting", True, None)
    whole = town.http.get(f"{url}/critical-work", headers=town.key("supervisor")).json()
    assert (whole["site_id"], whole["name"]) == (number, "SECRET-SITE")
    assert whole["overrides"][0]["why"] == "SECRET-SITE may go on"
