"""A small city whose features are edited: its service, a key of each role, and features to send."""

from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.settings import Settings
from layers.conftest import Known, fill

MERGE = {"Content-Type": "application/merge-patch+json"}
ITEMS = "/ogc/collections/{}/items"
LON, LAT = 114.0005, 30.5405
"""A place in the western district of the small city."""


@dataclass(frozen=True)
class City:
    """The small city, its service, and a key of each role; the utility is the western company."""

    settings: Settings
    client: TestClient
    known: Known
    keys: dict[str, dict[str, str]]

    def send(self, method: str, path: str, role: str, body: Any = None, **headers: str) -> Any:
        """Ask as a role; `If_Match` becomes the header of that name."""
        sent = self.keys[role] | {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/geo+json"
        if isinstance(body, (dict, list)):
            return self.client.request(method, path, headers=sent, json=body)
        return self.client.request(method, path, headers=sent, content=body)

    def patch(self, path: str, role: str, body: Any, tag: str) -> Any:
        return self.send("PATCH", path, role, body, If_Match=tag, **MERGE)

    def made(self, layer: str, role: str, feature: Any, **query: str) -> tuple[str, str]:
        """Path and tag of a feature that is made, in a new dataset where there is none."""
        if "dataset" in query:
            query["new_dataset"] = "true"
        found = self.client.post(
            ITEMS.format(layer), params=query, json=feature, headers=self.keys[role]
        )
        assert found.status_code == 201, found.text
        return found.headers["location"].removeprefix("http://testserver"), found.headers["etag"]

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Rows by the owner."""
        with owner(self.settings) as c:
            return c.execute(statement, values).fetchall()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def city(module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker) -> City:
    with owner(module_city) as c:
        known = fill(c)
    keys = {
        role: module_sign_in(role, all_districts=True)
        for role in ("planner", "supervisor", "viewer", "administrator", "dispatcher")
    }
    keys["utility"] = module_sign_in("utility", org_ids=(known.west_gas,))
    keys["east supervisor"] = module_sign_in("supervisor", district_ids=(known.east,))
    return City(module_city, module_client, known, keys)


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def line(lon: float = LON, lat: float = LAT, **properties: Any) -> dict[str, Any]:
    shape = {"type": "LineString", "coordinates": [[lon, lat], [lon + 0.001, lat]]}
    return feature(shape, **properties)


def square(lon: float = LON, lat: float = LAT, **properties: Any) -> dict[str, Any]:
    a, b, c, d = lon, lat, lon + 0.0002, lat + 0.0002
    shape = {"type": "Polygon", "coordinates": [[[a, b], [c, b], [c, d], [a, d], [a, b]]]}
    return feature(shape, **properties)


def number_in(path: str) -> int:
    return int(path.rsplit("/", 1)[1])
