"""What cannot be proposed, and by whom: each refused by name, with a sentence."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, bearer, make_key
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.settings import Settings

from .conftest import X, Y, line, point, rectangle
from .what_if_town import METRES, Town, town_of


@pytest.fixture(scope="module")
def town(module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker) -> Town:
    """A town that stays as it is."""
    return town_of(module_city, module_client, module_sign_in)


SHED = {"type": "Point", "coordinates": [X, Y]}
PLAIN: dict[str, Any] = {"layer": "charging_sheds", "feature": SHED}


@pytest.mark.parametrize(
    ("body", "status", "field", "words"),
    [
        ([], 400, None, "JSON object"),
        ({"layer": "charging_sheds"}, 400, "feature", "missing"),
        ({"feature": SHED}, 400, "layer", "missing"),
        ({"layer": "organisations", "feature": SHED}, 400, "layer", "is one of"),
        ({"layer": "data.audit; --", "feature": SHED}, 400, "layer", "is one of"),
        ({"layer": ["x"], "feature": SHED}, 400, "layer", "is one of"),
        ({"layer": "charging_sheds", "feature": "x"}, 400, "feature", "GeoJSON"),
        ({"layer": "buildings", "feature": SHED}, 400, "feature", "outlines"),
        ({"layer": "gas_pipelines", "feature": SHED}, 400, "feature", "are lines"),
        ({"layer": "charging_sheds", "feature": SHED, "orgs": "1"}, 400, "orgs", "proposal"),
        ({"layer": "charging_sheds", "feature": SHED, "replaces": "1"}, 400, "replaces", "number"),
        ({"layer": "charging_sheds", "feature": SHED, "replaces": True}, 400, "replaces", "number"),
        (
            {"layer": "charging_sheds", "feature": SHED, "replaces": 2**63},
            400,
            "replaces",
            "number",
        ),
        ({"layer": "charging_sheds", "feature": SHED, "replaces": 7}, 404, "replaces", "not there"),
        (PLAIN | {"crs": 4547}, 400, "crs", "coordinate"),
        (PLAIN | {"crs": "EPSG:3857"}, 400, "feature", ""),
        (
            {"layer": "charging_sheds", "feature": {**SHED, "coordinates": [X, float("1e300")]}},
            400,
            "feature",
            "finite",
        ),
    ],
)
def test_what_cannot_be_proposed_is_refused_by_name(
    town: Town, body: Any, status: int, field: str | None, words: str
) -> None:
    if isinstance(body, dict) and "crs" not in body:
        body = body | {"crs": METRES}
    headers = town.keys["A"] | {"Accept-Language": "en"}
    response = town.http.post("/api/what-if?lang=en", json=body, headers=headers)
    assert response.status_code == status, response.text
    told = response.json()
    assert told.get("field") == field and words in told["detail"]


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"places": "many"}, "places"),
        ({"accuracy_m": -1}, "accuracy_m"),
        ({"accuracy_m": {}}, "accuracy_m"),
        ({"status_at": "soon"}, "status_at"),
        ([1], "properties"),
        ("x", "properties"),
    ],
)
def test_properties_are_read_as_the_importer_reads_them(
    town: Town, properties: Any, field: str
) -> None:
    refused = town.send("charging_sheds", point(5, 5), properties=properties)
    assert (refused.status_code, refused.json()["field"]) == (400, field)
    exported = {"id": 4, "source_id": "S", "version": 2, "status": "开放", "places": "20"}
    assert town.send("charging_sheds", point(5, 5), properties=exported).status_code in (200, 400)
    kept = {"id": 4, "source_id": "S", "version": 2, "places": "20", "name": None}
    assert town.send("charging_sheds", point(5, 5), properties=kept).status_code == 200


def test_too_much_ground_is_refused(town: Town) -> None:
    for wkt in (rectangle(0, 0, 2_000, 1_000), line((0, 0), (11_000, 0))):
        layer = "construction_sites"
        refused = town.send(layer, wkt)
        assert (refused.status_code, refused.json()["field"]) == (400, "feature")


@pytest.mark.parametrize(
    "role", [r for r in ASKERS + ADMINISTRATORS if r not in ("utility", "supervisor")]
)
def test_other_roles_may_not_ask(town: Town, role: str) -> None:
    headers = bearer(make_key(town.drawn.settings, role, all_districts=True))
    body = {"layer": "charging_sheds", "feature": SHED, "crs": METRES}
    for path in ("/api/what-if", "/what-if"):
        assert town.http.post(path, json=body, headers=headers).status_code == 403
    assert town.http.get("/what-if", headers=headers).status_code == 403
    assert town.http.post("/api/what-if", json=body).status_code == 401
