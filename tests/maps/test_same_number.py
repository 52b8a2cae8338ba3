"""A figure is the same number wherever it is told, and its rows are as many."""

import re

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker
from maps.small_city import Planted

ROWS: dict[tuple[str, int | None, tuple[int, ...] | str | None], int] = {
    ("planner", None, None): 11,
    ("utility", None, None): 6,
    ("utility", 0, None): 8,
    ("utility", 1, None): 9,
    ("supervisor", None, ()): 0,
    ("supervisor", None, (0,)): 8,
    ("supervisor", None, (1,)): 2,
    ("supervisor", None, (0, 1)): 10,
    ("supervisor", None, "all"): 11,
    ("dispatcher", None, None): 6,
    # a viewer has counts by district, one finding lies in none, and five near mains are withheld
    ("viewer", None, None): 5,
}
"""Role, company and districts → findings (of maps.small_city) that are theirs to see."""


@pytest.mark.parametrize("who", ROWS, ids=str)
def test_every_door_tells_a_role_the_same_number(
    who: tuple[str, int | None, tuple[int, ...] | str | None],
    module_client: TestClient,
    module_sign_in: KeyMaker,
    planted: Planted,
) -> None:
    role, company, districts = who
    headers = module_sign_in(
        role,
        org_ids=() if company is None else (planted.companies[company],),
        district_ids=tuple(planted.districts[d] for d in districts or () if d in (0, 1)),
        all_districts=districts == "all",
    )
    start = module_client.get("/?lang=en", headers=headers).text
    told = {"start page": sum(map(int, re.findall(r'<div class="figure">(\d+)</div>', start)))}
    if role != "viewer":
        items = module_client.get("/api/findings?limit=1000", headers=headers).json()["items"]
        told["/api/findings"] = len(items)
        listed = module_client.get("/findings?lang=en", headers=headers).text
        told["rows of /findings"] = listed.count("<tr>") - 1 if "<tr>" in listed else 0
        said = re.search(r"(\d+) suspected problem", listed)
        told["sentence of /findings"] = int(said[1]) if said else 0
    if role != "dispatcher":
        system = "districts" if role == "viewer" else "square-500"
        cells = module_client.get(f"/api/cells/{system}", headers=headers).json()["features"]
        families = [cell["properties"]["families"] for cell in cells]
        told["families"] = sum(n for one in families for n in one.values() if n is not None)
        if role != "viewer":
            told["heat cells"] = sum(cell["properties"]["count"] for cell in cells)
    assert set(told.values()) == {ROWS[who]}, told


def test_a_cell_and_a_district_lead_to_the_same_rows_by_page_and_by_api(
    module_client: TestClient, module_sign_in: KeyMaker, planted: Planted
) -> None:
    headers = module_sign_in("supervisor", district_ids=(planted.districts[0],))
    cells = module_client.get("/api/cells/square-500", headers=headers).json()["features"]
    asked = [(f"cell={c['id']}", c["properties"]["count"]) for c in cells]
    asked += [(f"district={planted.districts[0]}", 8), (f"district={planted.districts[1]}", 0)]
    asked += [("family=building_water", 4), ("severity=major&certainty=certain", 2)]
    assert sum(count > 0 for _, count in asked) > 5
    for query, count in asked:
        items = module_client.get(f"/api/findings?{query}", headers=headers).json()["items"]
        listed = module_client.get(f"/findings?{query}", headers=headers).text
        shown = [int(n) for n in re.findall(r'<td class="id"><a href="/findings/(\d+)', listed)]
        assert sorted(shown) == [item["id"] for item in items], query
        assert len(items) == count, query
