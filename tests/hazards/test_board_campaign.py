"""A campaign's table is entered as records and batches, and every figure comes back with its rows:
by the API, and by following the page's own links. What is entered by the pages' forms counts alike.
"""

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, Settings, owner
from maps.small_city import add_box, add_dataset

RECORDS = "/api/hazards/programmes/records"
PAGE = "/hazards/programmes/records"
CAMPAIGN: list[dict[str, Any]] = [
    {"programme": p, "measure": m, "quantity": q, "at_least": over}
    for p, m, q, over in (
        ("water_systems", "known", 20000, True),
        ("water_systems", "surveyed", 20000, True),
        ("water_systems", "rectified", 600, False),
        ("water_systems", "rectified", 23, False),
        ("group_rentals", "surveyed_share", "73.56", False),
        ("group_rentals", "hazards", 700, False),
        ("group_rentals", "hazards", 424, False),
        ("group_rentals", "rectified", 538, False),
        ("group_rentals", "banned", 21, False),
        ("e_bikes", "sellers", 308, False),
        ("e_bikes", "violations", 8464, False),
        ("e_bikes", "product_batches", 3, False),
        ("e_bikes", "seized", 453, False),
        ("e_bikes", "charging_places", 104, False),
        ("life_passages", "visits", 28000, False),
        ("life_passages", "blockages", 11000, True),
        ("life_passages", "structures_removed", 96, False),
        ("life_passages", "parking_bays", 100, True),
        ("liquid_fuels", "known", 1183, False),
        ("liquid_fuels", "surveyed", 1100, False),
        ("liquid_fuels", "transporters", 86, False),
        ("liquid_fuels", "suppliers_stopped", 3, False),
        ("assisting", "departments", 17, False),
        ("assisting", "visits", 37000, False),
        ("assisting", "hazards", 10000, True),
    )
]
"""The campaign's table as it was reported; what was left blank there is not entered."""
FINES = [*["5826.31"] * 37, "5826.53"]
BATCHES: dict[str, list[dict[str, Any]]] = {
    "listed_and_handed_over": [{"unit": f"单位{n}"} for n in range(12)],
    "exposed": [{"unit": f"门店{n}", "channel": "市电视台"} for n in range(10)],
    "punished": [
        {"unit": f"物业{n}", "document_no": f"罚字{n}", "amount_cny": fine}
        for n, fine in enumerate(FINES)
    ],
}
FIGURES = {
    ("water_systems", "rectified"): 623,
    ("group_rentals", "hazards"): 1124,
    ("group_rentals", "rectified"): 538,
    ("e_bikes", "violations"): 8464,
    ("e_bikes", "charging_places"): 104,
    ("life_passages", "structures_removed"): 96,
    ("liquid_fuels", "known"): 1183,
    ("liquid_fuels", "surveyed"): 1100,
    ("four_batches", "listed"): 12,
    ("four_batches", "handed_over"): 12,
    ("four_batches", "exposed"): 10,
    ("four_batches", "punished"): 38,
    ("four_batches", "fines"): "221400.00",
}


@pytest.fixture(scope="module")
def districts(module_city: Settings) -> list[int]:
    with owner(module_city) as c:
        made = add_dataset(c, "districts")
        return [
            add_box(c, "districts", made, f"区{n}", (n * 1000, 0, n * 1000 + 1000, 1000))
            for n in range(2)
        ]


@pytest.fixture(scope="module")
def supervisor(module_sign_in: KeyMaker, districts: list[int]) -> dict[str, str]:
    return module_sign_in("supervisor", all_districts=True)


@pytest.fixture(scope="module")
def campaign(module_client: TestClient, supervisor: dict[str, str]) -> dict[str, Any]:
    """The table entered, and what is told of it."""
    made = module_client.post(RECORDS, json={"items": CAMPAIGN}, headers=supervisor)
    assert made.status_code == 201, made.text
    for kind, items in BATCHES.items():
        said = {"kind": kind, "name": "百日攻坚"}
        batch = module_client.post("/api/batches", json=said, headers=supervisor)
        path = f"/api/batches/{batch.json()['id']}/entries"
        done = module_client.post(path, json={"items": items}, headers=supervisor)
        assert done.json()["new"] == len(items), done.text
    told = module_client.get("/api/hazards/programmes?lang=zh", headers=supervisor)
    document: dict[str, Any] = told.json()
    return document


def measures(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(p["code"], m["code"]): m for p in document["items"] for m in p["measures"]}


def test_each_figure_comes_back_with_its_rows(
    module_client: TestClient, supervisor: dict[str, str], campaign: dict[str, Any]
) -> None:
    found = measures(campaign)
    assert {key: found[key]["value"] for key in FIGURES} == FIGURES
    assert found["four_batches", "fines"]["wan"] == "22.14"
    assert found["group_rentals", "known"]["value"] is None, "left blank is not nought"
    assert found["four_batches", "solved"]["value"] is None, "no batch is no nought either"
    assert found["life_passages", "blockages"]["at_least"] is True
    assert found["assisting", "visits"]["at_least"] is False
    rates = {(one["code"], r["code"]): r for one in campaign["items"] for r in one["rates"]}
    assert rates["group_rentals", "rectified_rate"]["value"] == "47.86"
    assert rates["liquid_fuels", "surveyed_rate"]["value"] == "92.98"
    assert rates["group_rentals", "surveyed_rate"]["value"] == "73.56"
    assert rates["group_rentals", "surveyed_rate"]["as_reported"] == "surveyed_share"
    for measure in found.values():
        rows = module_client.get(measure["rows"], headers=supervisor).json()["items"]
        assert len(rows) == measure["records"]
        if measure["unit"] != "percent":
            total = sum(float(one["quantity"]) for one in rows)
            assert f"{total:.2f}" == f"{float(measure['value'] or 0):.2f}"


def test_the_pages_links_lead_from_each_figure_to_its_rows(
    module_client: TestClient, supervisor: dict[str, str], campaign: dict[str, Any]
) -> None:
    page = module_client.get(
        "/hazards/programmes?lang=zh", headers={**supervisor, "Accept": "text/html"}
    ).text
    links = {
        (of[1], of[2]): (html.unescape(address), shown)
        for address, shown in re.findall(rf'<a href="({PAGE}\?[^"]+)">([^<]+)</a>', page)
        if (of := re.search(r"programme=(\w+)&(?:amp;)?measure=(\w+)", address))
        and re.match(r"\d", shown)
    }
    for key, figure in FIGURES.items():
        address, shown = links[key]
        expected = "22.14万元" if key[1] == "fines" else str(figure)
        assert expected in re.sub(r"[\s\u202f]", "", shown), (key, shown)
        rows = module_client.get(address, headers={**supervisor, "Accept": "text/html"}).text
        body = rows[rows.index("<tbody>") : rows.index("</tbody>")]
        assert body.count("<tr>") == measures(campaign)[key]["records"]
    for number in ("47.86%", "92.98%", "73.56%", "20\u202f000+"):
        assert number in page, number


def test_batches_are_told_once_and_not_entered_twice(
    module_client: TestClient,
    module_sign_in: KeyMaker,
    supervisor: dict[str, str],
    campaign: dict[str, Any],
    districts: list[int],
) -> None:
    record = {"programme": "four_batches", "measure": "punished", "quantity": 1}
    refused = module_client.post(RECORDS, json={"items": [record]}, headers=supervisor)
    assert (refused.status_code, refused.json()["field"]) == (400, "items.0.measure")
    listed = module_client.get("/api/batches?kind=exposed", headers=supervisor).json()
    total = next(one["total"] for one in listed["kinds"] if one["code"] == "exposed")
    assert total["items"] == measures(campaign)["four_batches", "exposed"]["value"]
    batch = listed["items"][0]["id"]
    entry = module_client.get(f"/api/batches/{batch}", headers=supervisor).json()["entries"][0]
    path = f"/api/batches/{batch}/entries/{entry['id']}"
    module_client.request("DELETE", path, json={"why": "重复列入"}, headers=supervisor)
    now = module_client.get("/api/hazards/programmes", headers=supervisor).json()
    assert measures(now)["four_batches", "exposed"]["value"] == 9
    # who sees some districts alone is told the city's figure, and how many rows are not theirs
    of_other = [{"unit": "外区单位", "channel": "报纸", "district_id": districts[1]}]
    module_client.post(
        f"/api/batches/{batch}/entries", json={"items": of_other}, headers=supervisor
    )
    inspector = module_sign_in("inspector", district_ids=(districts[0],))
    told = measures(module_client.get("/api/hazards/programmes", headers=inspector).json())
    assert told["four_batches", "exposed"]["value"] == 10
    rows = module_client.get(told["four_batches", "exposed"]["rows"], headers=inspector).json()
    assert (len(rows["items"]), rows["withheld"]) == (9, 1)


def test_figures_and_visits_are_entered_by_form(
    module_client: TestClient, module_sign_in: KeyMaker, districts: list[int]
) -> None:
    inspector = module_sign_in("inspector", district_ids=(districts[0],))
    as_page = {**inspector, "Accept": "text/html"}

    def send(path: str, **values: str) -> Any:
        return module_client.post(f"{path}?lang=en", data=values, headers=as_page)

    told = {"measure": "training.themes", "quantity": "12", "at_least": "true"}
    refused = send(PAGE, **told)
    assert refused.status_code == 403, "the whole city is not an inspector's"
    assert "own districts" in refused.text and 'value="12"' in refused.text
    assert send(PAGE, **told, district=str(districts[1])).status_code == 403
    done = send(PAGE, **told, district=str(districts[0]), day="")
    assert done.status_code == 200 and "12+" in done.text and "themes of publicity" in done.text
    assert send(PAGE, **(told | {"quantity": "a"})).status_code == 400
    assert send(PAGE, **(told | {"measure": "four_batches.fines"})).status_code == 400
    assert send(PAGE, **told, district="1", more="x").status_code == 400
    visit = {"saw": "hazard", "place_words": "解放路3号", "family": "report.power"}
    done = send("/hazards/spot-checks", **visit, district=str(districts[0]))
    assert done.status_code == 200 and "解放路3号" in done.text
    assert "missed" in done.text
    lost = send("/hazards/spot-checks", **visit, case="440101202611210001")
    assert lost.status_code == 404 and "解放路3号" in lost.text
    planner = {**module_sign_in("planner", all_districts=True), "Accept": "text/html"}
    assert 'id="enter"' not in module_client.get(PAGE, headers=planner).text
    assert module_client.post(PAGE, data=told, headers=planner).status_code == 403
