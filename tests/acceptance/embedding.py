"""A small city some of which is told to the public, and links to its maps."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import owner
from gridwarden.settings import Settings
from maps.small_city import X0, Y0, Planted

SITE = "https://www.example.gov.cn"


@pytest.fixture(scope="module")
def told(module_city: Settings, planted: Planted) -> Planted:
    """The small city, with enough near mains in the west that some of it is told."""
    with owner(module_city) as c:
        c.execute(
            "insert into data.finding (family, layer, subject_id, main_id, severity, certainty,"
            " distance_band, org_id, district_id, x, y)"
            " select 'shed_near_main', 'charging_sheds', 7000 + g, 9000 + g, 'serious', 'certain',"
            " '0-5', %s, %s, %s + 500 * (g %% 4) + 20, %s + 500 * (g %% 3) + 30"
            " from generate_series(1, 90) g",
            (planted.companies[0], planted.districts[0], X0, Y0),
        )
    return planted


def make(
    client: TestClient, headers: dict[str, str], status: int = 201, **wanted: Any
) -> dict[str, Any]:
    answer = client.post("/api/embeds", headers=headers, json=wanted)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def path_of(made: dict[str, Any]) -> str:
    return "/" + made["url"].split("/", 3)[3]
