"""My work today on a phone, and a new hazard in one short form."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from access.own_and_foreign import put
from conftest import owner
from gridwarden.settings import Settings
from hazards.duty_cases import Town, X, Y, town_of
from hazards.photographs import photo


@pytest.fixture(scope="module")
def town(module_city: Settings, module_client: TestClient) -> Iterator[Town]:
    yield town_of(module_city, module_client)


def parts(town: Town, role: str) -> dict[str, list[int]]:
    told = town.http.get("/api/my-work", headers=town.key(role)).json()
    return {one["part"]: [case["id"] for case in one["cases"]] for one in told["items"]}


def test_each_role_sees_what_waits_for_it_most_urgent_first(town: Town) -> None:
    assert parts(town, "contractor") == {}
    empty = town.http.get("/my-work?lang=en", headers=town.key("contractor")).text
    assert "No case is assigned to your company" in empty
    fresh, done, late = town.assigned(), town.assigned(), town.assigned()
    claimed = town.moved(done, "accept", "report_done")
    graded = town.moved(town.found(), "register", "assess")
    with owner(town.settings) as c:
        c.execute(
            "update data.hazard_case set due_at = data.office_now() - %s where id = %s",
            (timedelta(days=3), late["id"]),
        )
        c.execute(
            "update data.hazard_case set due_at = data.office_now() + %s where id = %s",
            (timedelta(days=9), fresh["id"]),
        )
    company = parts(town, "contractor")
    assert list(company) == ["overdue", "assigned"]
    assert company == {"overdue": [late["id"]], "assigned": [fresh["id"]]}
    assert parts(town, "warden") == company
    office = parts(town, "supervisor")
    assert office["awaiting_verification"] == [claimed["id"]]
    assert graded["id"] in office["assessed"] and next(iter(office)) == "overdue"
    assert parts(town, "inspector") == {"awaiting_verification": [claimed["id"]]}
    page = town.http.get("/my-work?lang=en", headers=town.key("contractor")).text
    assert "2 cases wait for you. 1 is overdue." in page and "3 days overdue" in page
    assert town.http.get("/my-work", headers=town.key("viewer")).status_code == 403


def test_a_case_is_accepted_in_one_tap_and_opened_in_one(town: Town) -> None:
    case = town.assigned()
    headers = town.key("contractor")
    page = town.http.get("/my-work?lang=en", headers=headers).text
    form = f'action="/hazards/{case["id"]}"'
    assert form in page and f'href="/hazards/{case["id"]}"' in page
    tap = {"act": "accept", "version": str(case["version"]), "next": "/my-work"}
    done = town.http.post(
        f"/hazards/{case['id']}", data=tap, headers=headers, follow_redirects=False
    )
    assert (done.status_code, done.headers["location"]) == (303, "/my-work")
    assert form not in town.http.get("/my-work", headers=headers).text
    assert form not in town.http.get("/my-work", headers=town.key("supervisor")).text


def test_a_warden_reports_with_a_photo_and_the_phone_s_position(town: Town) -> None:
    lon, lat = town.lonlat(700, 700)
    said = {
        "category": "life_passage",
        "description": "消防车道停车",
        "place_words": "阳光小区东门",
    }
    headers = town.key("warden")
    shown = town.http.get("/my-work/report?lang=en", headers=headers).text
    assert 'capture="environment"' in shown and "by https alone" in shown
    files = {"file": ("现场.jpg", photo(), "image/jpeg")}
    sent = town.http.post(
        "/my-work/report", data=said | {"position": f"{lon}, {lat}"}, files=files,
        headers=headers, follow_redirects=False,
    )  # fmt: skip
    assert sent.status_code == 303, sent.text
    number = sent.headers["location"].rpartition("/")[2]
    case = town.http.get(f"/api/hazards/{number}", headers=headers).json()
    assert (case["state"], case["source"], case["grid_id"]) == ("found", "patrol", town.grid)
    assert abs(case["lon"] - lon) < 1e-6 and case["description"] == "消防车道停车"
    proofs = town.http.get(f"/api/hazards/{number}/proof", headers=headers).json()["items"]
    assert [(one["kind"], one["name"]) for one in proofs] == [("before", "现场.jpg")]


def test_without_a_position_the_grid_is_named_and_what_is_wrong_is_said(town: Town) -> None:
    headers = town.key("warden")
    said = {"category": "power", "description": "飞线充电", "place_words": "三号楼二单元"}

    def sent(**more: Any) -> Any:
        return town.http.post(
            "/my-work/report?lang=en", data=said | more, headers=headers, follow_redirects=False
        )

    east = f"(({X + 9000} {Y}, {X + 9900} {Y}, {X + 9900} {Y + 9000}, {X + 9000} {Y}))"
    with owner(town.settings) as c:
        other = put(c, "warden_grids", f"MULTIPOLYGON({east})", name="A0")
    form = town.http.get("/my-work/report?lang=en", headers=headers).text
    offered = re.findall(r'<option value="(\d*)"', form.partition('name="grid"')[2])
    assert offered == [str(town.grid)], "her own alone, and so the first"
    assert sent(grid=str(other)).status_code == 403
    made = sent(grid=str(town.grid))
    assert made.status_code == 303, made.text
    number = made.headers["location"].rpartition("/")[2].partition("?")[0]
    case = town.http.get(f"/api/hazards/{number}", headers=headers).json()
    assert (case["grid_id"], case["district_id"], case["lon"]) == (town.grid, town.district, None)
    for more, wrong in (
        ({}, "Say where it is"),
        ({"position": "30.5, 114.2"}, "Longitude comes first"),
        ({"position": "near the gate"}, "Write longitude"),
        ({"description": " ", "grid": "1"}, "what is wrong"),
        ({"category": "dragons"}, "welding"),
        ({"grid": "999999"}, ""),
    ):
        answer = sent(**more)
        assert 400 <= answer.status_code < 500 and wrong in answer.text, (more, answer.text[:900])
    files = {"file": ("x.jpg", b"no photo", "image/jpeg")}
    bad = town.http.post(
        "/my-work/report", data=said | {"grid": str(town.grid)}, files=files, headers=headers
    )
    assert bad.status_code == 400


def test_a_refused_report_keeps_its_photo(
    town: Town, module_live: str, chromium: Browser, tmp_path: Path
) -> None:
    """With script the form stays with its photo; without, the refusal says to choose it again."""
    picture = tmp_path / "现场.jpg"
    picture.write_bytes(photo())
    context = chromium.new_context(extra_http_headers=town.key("inspector"))
    page = context.new_page()
    page.goto(f"{module_live}/my-work/report?lang=zh")
    page.set_input_files("#file", picture)
    page.fill("#description", "阀门井盖缺失")
    page.click("main button[type=submit]")
    page.wait_for_selector("main > .problem")
    assert "请填写位置" in page.inner_text("main > .problem")
    assert page.evaluate("document.querySelector('#file').files[0].name") == "现场.jpg"
    assert page.get_attribute("#position", "aria-invalid") == "true"
    page.fill("#position", "{}, {}".format(*town.lonlat(650, 650)))
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile(r"/hazards/\d+$"))
    number = page.url.rpartition("/")[2]
    context.close()
    headers = town.key("inspector")
    proofs = town.http.get(f"/api/hazards/{number}/proof", headers=headers).json()["items"]
    assert [one["name"] for one in proofs] == ["现场.jpg"]
    plain = town.http.post(
        "/my-work/report?lang=zh", data={"category": "gas", "description": "阀门井盖缺失"},
        files={"file": ("现场.jpg", photo(), "image/jpeg")}, headers=headers,
    )  # fmt: skip
    assert plain.status_code == 400 and "请重新选择照片" in plain.text
