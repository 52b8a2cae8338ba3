"""Who gets which cells, and that the API's figures are the page's."""

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.app import create_app
from gridwarden.settings import Settings
from gridwarden.words.page import _navigation
from maps.small_city import DISTRICT_PAYLOAD, PAYLOAD, X0, Y0, Planted

CORNER = f"square-500/{X0 // 500}/{Y0 // 500}"


def cells(
    client: TestClient, headers: dict[str, str], system: str = "square-500", **query: str
) -> dict[str, dict[str, Any]]:
    answer = client.get(f"/api/cells/{system}", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return {f["id"]: f["properties"] for f in answer.json()["features"]}


def page_data(client: TestClient, headers: dict[str, str], query: str = "") -> dict[str, Any]:
    answer = client.get(f"/maps/heat?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    found = re.search(r'id="heat-data"[^>]*>(.*?)</script>', answer.text, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_api_and_the_page_have_the_same_figures(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    planner = module_sign_in("planner")
    for measure in ("weighted", "count", "building_water"):
        api = cells(module_client, planner, measure=measure)
        page = page_data(module_client, planner, f"measure={measure}")["cells"]
        assert sorted(float(c["value"]) for c in page) == sorted(c["value"] for c in api.values())
        assert sum(c["count"] for c in page) == sum(c["count"] for c in api.values()) == 11


def test_a_point_on_a_corner_counts_once_north_east_of_it(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    found = cells(module_client, module_sign_in("planner"), measure="count")
    column, row = X0 // 500, Y0 // 500
    assert found[f"square-500/{column + 1}/{row + 1}"]["count"] == 1
    assert found[f"square-500/{column + 2}/{row}"]["count"] == 1
    assert found[CORNER]["count"] == 5
    assert found[CORNER]["weighted"] == 9 + 4.5 + 3 + 9 + 0.5


def test_a_kilometre_cell_is_the_sum_of_its_four(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    fine = cells(module_client, module_sign_in("planner"))
    summed: dict[str, float] = {}
    for key, cell in fine.items():
        _, column, row = key.split("/")
        above = f"square-1000/{int(column) // 2}/{int(row) // 2}"
        summed[above] = summed.get(above, 0) + cell["value"]
    coarse = cells(module_client, module_sign_in("planner"), "square-1000")
    assert {k: c["value"] for k, c in coarse.items() if c["value"]} == {
        k: v for k, v in summed.items() if v
    }


def test_zero_and_no_data_are_two_things(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    found = cells(module_client, module_sign_in("planner"))
    column, row = X0 // 500, Y0 // 500
    surveyed, unsurveyed = f"square-500/{column}/{row + 2}", f"square-500/{column + 6}/{row + 2}"
    assert (found[surveyed]["count"], found[surveyed]["state"]) == (0, "counted")
    assert (found[unsurveyed]["count"], found[unsurveyed]["state"]) == (0, "no_data")
    assert (found[surveyed]["surveyed"], found[unsurveyed]["surveyed"]) == (1, 0)


def test_a_viewer_gets_districts_and_no_name_of_a_subject(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    viewer = module_sign_in("viewer")
    for address in ("/maps/heat?cells=square-500&lang=en", "/api/cells/square-500?lang=en"):
        refused = module_client.get(address, headers=viewer)
        assert refused.status_code == 403
        assert refused.json()["detail"].startswith("Your role sees figures by district only")
    found = cells(module_client, viewer, "districts")
    west, east = (found[f"district/{one}"] for one in planted.districts)
    # four findings near mains, and one: too few to be told, and so is the sum with others
    for district in (west, east):
        assert (district["count"], district["weighted"], district["value"]) == (None, None, None)
        assert district["state"] == "withheld"
    near_mains = {"main_encroachment": None, "site_near_main": None}
    assert west["families"] == {"building_water": 4, **near_mains}
    open_ones = cells(module_client, viewer, "districts", measure="building_water")
    west, east = (open_ones[f"district/{one}"] for one in planted.districts)
    assert (west["name"], west["value"], east["value"]) == (DISTRICT_PAYLOAD, 4, 1)
    assert (east["state"], west["state"]) == ("no_data", "counted")
    data = page_data(module_client, viewer)
    assert all(cell["worst"] == [] and cell["href"] is None for cell in data["cells"])
    assert "号楼" not in json.dumps(data, ensure_ascii=False)


def test_a_company_counts_its_own_mains_only(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    one, other = (
        cells(module_client, module_sign_in("utility", org_ids=(company,)), measure="count")
        for company in planted.companies
    )
    assert one[CORNER]["families"] == {"building_water": 2, "main_encroachment": 2}
    assert other[CORNER]["families"]["main_encroachment"] == 1
    stranger = cells(module_client, module_sign_in("utility"))
    assert "main_encroachment" not in stranger[CORNER]["families"]


def test_a_bureau_s_map_withholds_other_districts(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    headers = module_sign_in("supervisor", district_ids=(planted.districts[0],))
    found = cells(module_client, headers, "districts")
    own, other = (found[f"district/{one}"] for one in planted.districts)
    assert (own["state"], own["count"]) == ("counted", 8)
    assert (other["state"], other["count"]) == ("withheld", 0)
    page = module_client.get("/maps/heat?cells=districts&lang=en", headers=headers).text
    assert "withheld: another bureau" in page
    listed = module_client.get("/findings?lang=en", headers=headers).text
    assert "8 suspected problems" in listed


@pytest.mark.parametrize(
    ("address", "status", "field"),
    [
        ("/api/cells/square-100", 403, "cells"),
        ("/api/cells/h3-8", 404, "cells"),
        ("/api/cells/square-500?measure=beauty", 400, "measure"),
        ("/maps/heat?measure=beauty", 400, "measure"),
        ("/api/cells/square-500?bbox=1,2,3", 400, "bbox"),
        ("/api/cells/square-500?bbox=nan,0,1,1", 400, "bbox"),
        ("/api/cells/square-500?bbox=2,0,1,1", 400, "bbox"),
        ("/api/cells/square-500?bbox=0,0,0,91", 400, "bbox"),
        ("/api/cells/square-500?bbox=-180,-90,180,90", 400, "bbox"),
        ("/api/cells/square-500?at=2126-11-01", 400, "at"),
        ("/maps/heat?at=yesterday", 400, "at"),
        ("/maps/heat?at=2006-11-01", 404, "at"),
        ("/findings?cell=square-100/1/1", 400, "cell"),
        ("/findings?cell=here", 400, "cell"),
        ("/findings?district=x", 400, "district"),
        ("/findings?district=99999999999999999999", 400, "district"),
        ("/findings?severity=worst", 400, "severity"),
        ("/findings?after=9.9", 400, "after"),
    ],
)
def test_what_cannot_be_shown_is_said(
    module_client: TestClient,
    module_sign_in: KeyMaker,
    planted: Planted,
    address: str,
    status: int,
    field: str,
) -> None:
    answer = module_client.get(address, headers=module_sign_in("planner"))
    assert answer.status_code == status, answer.text
    assert answer.json()["field"].split(".")[0] == field


def test_a_box_keeps_the_cells_whose_middle_lies_in_it(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    planner = module_sign_in("planner")
    everything = cells(module_client, planner)
    assert cells(module_client, planner, bbox="113,30,116,32") == everything
    assert cells(module_client, planner, bbox="0,0,1,1") == {}
    half = cells(module_client, planner, bbox="114.0,30,114.01,31.5")
    assert 0 < len(half) < len(everything)


def test_other_roles_and_strangers_get_no_map(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    assert module_client.get("/maps/heat").status_code == 401
    for role in ("dispatcher", "administrator", "security", "auditor"):
        for address in ("/maps/heat", "/api/cells/districts"):
            assert module_client.get(address, headers=module_sign_in(role)).status_code == 403
    for role in ("viewer", "administrator", "security", "auditor"):
        assert module_client.get("/findings", headers=module_sign_in(role)).status_code == 403


def test_the_list_walks_through_every_row_once(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    with owner(module_city) as c:
        c.execute(
            "insert into data.finding (family, layer, subject_id, severity, certainty, x, y)"
            " select 'building_water', 'buildings', 100000 + n, 'general', 'certain', 0, 0"
            " from generate_series(1, 120) n"
        )
    planner = module_sign_in("planner")
    address, seen, pages = "/findings?lang=en", [], 0
    while address:
        text = module_client.get(address, headers=planner).text
        seen += [int(n) for n in re.findall(r'<td class="id"><a href="/findings/(\d+)', text)]
        found = re.search(r'href="([^"]+)" rel="next"', text)
        address = found[1].replace("&amp;", "&") if found else ""
        pages += 1
    with owner(module_city) as c:
        ids = [row[0] for row in c.execute("select id from data.finding")]
        c.execute("delete from data.finding where subject_id > 100000")
    assert (sorted(seen), pages) == (sorted(ids), 3)


def test_the_list_holds_a_name_as_text(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    from markupsafe import escape

    text = module_client.get("/findings", headers=module_sign_in("planner")).text
    assert str(escape(PAYLOAD)) in text and PAYLOAD not in text


def test_the_navigation_shows_what_the_routes_allow(module_city: Settings) -> None:
    from gridwarden.access import Audience

    app = create_app(module_city)
    audiences: dict[str, set[str]] = {}
    for route in walk(app.router.routes):
        for dependency in getattr(getattr(route, "dependant", None), "dependencies", []):
            if isinstance(dependency.call, Audience) and "GET" in (route.methods or ()):
                audiences.setdefault(route.path, set()).update(dependency.call.roles)
    shown = {entry["href"]: set(entry["roles"]) for entry in _navigation()}
    for href in ("/", "/maps/heat", "/findings"):
        assert shown[href] == audiences[href], href
    for href in set(shown) & set(audiences):
        assert shown[href] <= audiences[href], href


def walk(routes: Any) -> Any:
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        if inner:
            yield from walk(inner)
        else:
            yield route
