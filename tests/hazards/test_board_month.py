"""Thirty days of a county (100,000 buildings, thousands of cases) played through the public API:
what test_board_played shows of a small town, in ten minutes or more.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from shapely import Point
from shapely.geometry import shape

from conftest import Settings, bearer, client_of, make_key, run_command
from hazards.played import Played
from hazards.test_board_played import (
    Story,
    test_of_eight_editors_of_one_version_one_wins,
    test_practice_is_told_on_every_page_and_the_audit_verifies,
    test_rankings_of_an_early_day_are_the_same_at_the_end,
    test_the_dishonest_district_is_seen_to_be,
    test_the_ledger_balances_for_every_district_grade_and_day,
    told_of,
)

pytestmark = pytest.mark.deep
__all__ = [
    "test_of_eight_editors_of_one_version_one_wins",
    "test_practice_is_told_on_every_page_and_the_audit_verifies",
    "test_rankings_of_an_early_day_are_the_same_at_the_end",
    "test_the_dishonest_district_is_seen_to_be",
    "test_the_ledger_balances_for_every_district_grade_and_day",
]


@pytest.fixture(scope="module")
def played(module_city: Settings) -> Iterator[Story]:
    """The county after its month."""
    loaded = run_command(module_city, "sample", "load", "--size", "m")
    assert loaded.returncode == 0, loaded.stderr
    settings = module_city.model_copy(update={"closing_wait_s": 0})
    with client_of(settings) as client:
        game = county(settings, client)
        game.work()
        story = told_of(game, 30)
        assert game.houses
        assert len(game.cases) > 1_000
        yield story


def county(settings: Settings, client: TestClient) -> Played:
    """Every district of which a warden's grid lies inside, with a place in that grid."""
    key = bearer(make_key(settings, "supervisor", all_districts=True))

    def features(layer: str) -> list[dict[str, Any]]:
        told = client.get(f"/ogc/collections/{layer}/items?limit=1000", headers=key)
        assert told.status_code == 200, told.text
        found: list[dict[str, Any]] = told.json()["features"]
        return found

    middles = {
        g["id"]: shape(g["geometry"]).representative_point() for g in features("warden_grids")
    }
    grids: dict[int, int] = {}
    places: dict[int, tuple[float, float]] = {}
    for district in features("districts"):
        ground = shape(district["geometry"])
        for grid, middle in middles.items():
            if ground.contains(Point(middle).buffer(0.0005)):
                grids[int(district["id"])] = int(grid)
                places[int(district["id"])] = (middle.x, middle.y)
                break
    orgs = [int(one["id"]) for one in features("organisations")]
    named = (list(grids), orgs, list(grids.values()), places)
    return Played(settings, client, 7, *named, busy=4, spread=0.0002)
