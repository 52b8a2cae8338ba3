"""What asks for far too much is refused at once, in words: status, problem and field."""

import json
import math
from typing import Any

import pytest
from fastapi.testclient import TestClient

from access.own_and_foreign import World, city_of
from gridwarden.access.matrix import operations
from gridwarden.app import create_app
from gridwarden.layers.features.parameters import GREATEST_LIMIT
from gridwarden.maps.extent import MOST_IN_A_BOX
from gridwarden.settings import Settings
from gridwarden.words.bounds import MAX_BODY, MAX_TARGET

APP = create_app(Settings())
HUGE = 10**9
ITEMS = "/ogc/collections/{layer}/items"
MORE = {  # what these ask for besides
    "/api/findings/changes": {"from": "2020-01-01"},
    "/api/hazards/ledger/rows": {"by": "district", "figure": "new"},
    "/api/rankings/rows": {"by": "district", "figure": "open"},
}
LIMITED = [
    one
    for one in operations(APP)
    if one.method == "GET"
    and one.roles
    and any(
        asked["name"] == "limit"
        for asked in APP.openapi()["paths"][one.path]["get"].get("parameters", ())
    )
]


@pytest.fixture(scope="module")
def world(module_city: Settings) -> World:
    """Two of everything."""
    return city_of(module_city)


def told(answer: Any, status: int, kind: str, field: str | None) -> None:
    """A problem of this status and type that names what to change."""
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:gridwarden:problem:{kind}", problem
    assert problem.get("field") == field, problem
    assert problem["detail"]


def ring(positions: int) -> list[list[float]]:
    """A polygon of 60 m across with so many positions."""
    turn = 2 * math.pi / (positions - 1)
    made = [
        [114.3 + 3e-4 * math.cos(n * turn), 30.5 + 3e-4 * math.sin(n * turn)]
        for n in range(positions - 1)
    ]
    return [*made, made[0]]


@pytest.mark.parametrize("size", [100, 500, 1000])
def test_a_box_of_the_whole_world_has_too_many_cells(
    module_client: TestClient, world: World, size: int
) -> None:
    utility = world.key("utility")
    path = f"/api/cells/square-{size}"
    for wide in ("-180,-90,180,90", "113,-90,115,90", "-180,30,180,31"):
        told(
            module_client.get(path, params={"bbox": wide}, headers=utility),
            400,
            "invalid_value",
            "bbox",
        )
    side = math.sqrt(MOST_IN_A_BOX) * size / 111_320
    for factor, status in ((0.9, 200), (1.1, 400)):
        box = f"114,0,{114 + side * factor},{side * factor}"
        assert module_client.get(path, params={"bbox": box}, headers=utility).status_code == status


@pytest.mark.parametrize("one", LIMITED, ids=lambda one: one.path)
def test_a_thousand_million_rows_a_page_are_not_given(
    module_client: TestClient, world: World, one: Any
) -> None:
    role = one.roles[0]
    kind = one.whose.kind if one.whose else ""
    path = one.path.replace("{layer}", "buildings")
    if "{" in path:
        own = world.named(kind, role, foreign=False) or "1"
        path = path[: path.index("{")] + own + path[path.index("}") + 1 :]
    asked: dict[str, Any] = {"limit": HUGE, **MORE.get(one.path, {})}
    answer = module_client.get(path, params=asked, headers=world.key(role))
    if one.path == ITEMS:  # OGC API: no error, but never more than the greatest page
        assert answer.status_code == 200
        assert answer.json()["numberReturned"] <= GREATEST_LIMIT
    elif answer.json().get("field") == "limit":
        told(answer, 400, "invalid_value", "limit")
    else:  # something else that it needs is missed first
        assert (answer.status_code, answer.json()["status"]) == (400, 400), answer.text[:300]


def test_a_thousand_million_sheds_are_not_looked_for(
    module_client: TestClient, world: World
) -> None:
    for k in (HUGE, 10**30, -1, 0, "1e9"):
        asked = {"lon": 114.3, "lat": 30.5, "k": k}
        answer = module_client.get(
            "/api/sheds/nearest", params=asked, headers=world.key("dispatcher")
        )
        told(answer, 400, "invalid_value", "k")


def test_a_filter_of_many_brackets_is_not_read(module_client: TestClient, world: World) -> None:
    path, key = ITEMS.format(layer="buildings"), world.key("planner")
    deep = "(" * 2000 + "height_m > 1" + ")" * 2000
    answer = module_client.get(
        path, params={"filter": deep, "filter-lang": "cql2-text"}, headers=key
    )
    told(answer, 400, "unknown_parameter", "filter")
    longer = module_client.get(path, params={"filter": "(" * MAX_TARGET}, headers=key)
    told(longer, 414, "uri_too_long", None)


@pytest.mark.parametrize("path", ["/api/permits/check", "/api/what-if"])
def test_an_outline_of_many_positions_is_not_computed(
    module_client: TestClient, world: World, path: str
) -> None:
    key = world.key("supervisor")
    for positions, status in ((2_001, 400), (20_000, 400), (60_000, 413)):
        area = {"type": "Polygon", "coordinates": [ring(positions)]}
        asked: dict[str, Any] = {"area": area, "method": "mechanical"}
        if path.endswith("what-if"):
            feature = {"type": "Feature", "geometry": area, "properties": {}}
            asked = {"layer": "buildings", "feature": feature}
        text = json.dumps(asked)
        assert (len(text) > MAX_BODY) == (status == 413)
        answer = module_client.post(
            path, content=text, headers=key | {"Content-Type": "application/json"}
        )
        if status == 413:
            told(answer, 413, "too_large", "body")
        else:
            told(answer, 400, "invalid_geometry", "area" if "area" in asked else "feature")
