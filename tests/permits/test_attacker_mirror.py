"""Two cities that differ in where a main lies, and in nothing that is published: each low role is
told the same of both, at every address. So nothing that it asks can tell which of the two it is.

The second lies as the first one in a mirror: in the same 500 m cell, beside things of the same
kinds at the same distances. Whoever is told of no finding of a main is told the same without it.
"""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from fastapi.testclient import TestClient

from access.own_and_foreign import city_of, put
from access.reading import asked, everything, sorted_in
from conftest import bearer, make_key, owner
from gridwarden.access.matrix import operations
from gridwarden.app import create_app
from gridwarden.database import open_pool
from gridwarden.screening import screen
from gridwarden.settings import Settings
from maps.small_city import build_assets

OPERATIONS = [one for one in operations(create_app(Settings())) if one.method == "GET"]
BY_CELL = ("planner", "inspector")
"""Are told in which 500 m cells findings of mains are."""
COUNTED = "viewer"
"""Is told how many there are in a district."""
NOTHING = ("utility", "warden", "dispatcher", "contractor")
"""Are told of no finding of another company's main: not even that there is one."""
MIDDLE, Y = 505_250.0, 3_421_100.0
"""The mirror stands in the middle of a cell of 500 m."""
OFF_M = 130.0
"""How far the main lies from the mirror."""
FOLLOWING = ("planner", "utility", "dispatcher")
"""May listen to events, and ask why a number changed."""
Told = dict[str, dict[str, tuple[int, Any]]]


class Mirrored:
    """Things on both sides of a mirror, and what every role is told of the city."""

    def __init__(self, settings: Settings, client: TestClient) -> None:
        self.settings, self.client = settings, client
        self.world = city_of(settings)
        self.keys = {
            role: bearer(make_key(settings, role, **self.rights(role)))
            for role in (*BY_CELL, COUNTED, *NOTHING)
        }
        with owner(settings) as c:
            for side in (-1, 1):
                self.things(c, side)
            self.main(c, 507_000.0)  # that there are mains at all is no secret
            put(c, "charging_sheds", f"POINT(507004 {Y + 150})", name="far", accuracy_m=0.1)

    def rights(self, role: str) -> dict[str, Any]:
        if role in ("utility", "contractor"):
            return {"org_ids": (self.world.orgs[1],)}
        return (
            {"grid_ids": tuple(self.world.grids)} if role == "warden" else {"all_districts": True}
        )

    def things(self, c: Any, side: int) -> None:
        """On one side: beneath, at 0.6 m, 4 m, 9 m and 30 m from where the main may lie."""
        x = MIDDLE + side * OFF_M
        away = -side
        for layer, gap, north, columns in (
            ("charging_sheds", 4.0, 20, {}),
            ("construction_sites", 30.0, 60, {}),
            ("excavations", 9.0, 90, {"method": "mechanical"}),
            ("enclosed_spaces", 1.5, 120, {}),
            ("street_objects", 0.6, 150, {"kind": "tree", "deep_rooted": True}),
        ):
            place = f"POINT({x + away * (gap + 0.11)} {Y + north})"
            name = f"{layer} {'west' if side < 0 else 'east'}"
            put(c, layer, place, name=name, accuracy_m=0.1, **columns)
        for gap, north in ((0.7, 180), (-1.0, 220), (3.0, 260)):
            edge = x + away * (gap + 0.11)
            wall = (edge, Y + north, edge + away * 12, Y + north + 20)
            a, b, c_, d = min(wall[0], wall[2]), wall[1], max(wall[0], wall[2]), wall[3]
            ring = f"{a} {b}, {c_} {b}, {c_} {d}, {a} {d}, {a} {b}"
            put(c, "buildings", f"MULTIPOLYGON((({ring})))", name=f"{north} {side}", accuracy_m=0.1)

    def main(self, c: Any, x: float) -> int:
        return put(
            c,
            "gas_pipelines",
            f"MULTILINESTRING(({x} {Y}, {x} {Y + 300}))",
            org_id=self.world.orgs[0],
            pressure_class="SHA",
            od_mm=219.0,
            accuracy_m=0.1,
            operator="燃气0",
        )

    def told(self, side: int) -> Told:
        """Everything, with the main on this side of the mirror (0: without it)."""
        with owner(self.settings) as c:
            c.execute("delete from data.gas_pipelines where st_xmin(geom) < 506000")
        asyncio.run(judged(self.settings))
        before = {role: self.place(role) for role in FOLLOWING}
        with owner(self.settings) as c:
            c.execute("select pg_sleep(1.1)")
            row = c.execute("select date_trunc('second', clock_timestamp())").fetchone()
            if side:
                self.main(c, MIDDLE + side * OFF_M)
        since = row[0].isoformat()
        asyncio.run(judged(self.settings))
        found = {}
        for role in ((*BY_CELL, COUNTED) if side else ()) + (NOTHING if side < 1 else ()):
            addresses = list(asked(self.world, OPERATIONS, role))
            found[role] = everything(self.client, self.keys[role], addresses)
            if role in FOLLOWING:
                found[role] |= self.since(role, since, before[role])
        return found

    def place(self, role: str) -> str:
        answer = self.client.get("/api/events?cursor=latest", headers=self.keys[role])
        return str(answer.json()["cursor"])

    def since(self, role: str, moment: str, cursor: str) -> dict[str, tuple[int, Any]]:
        """What happened since a moment: events, and why the number changed."""
        found: dict[str, tuple[int, Any]] = {}
        for path, values in (
            ("/api/events", {"cursor": cursor, "limit": "1000"}),
            ("/api/findings/changes", {"from": moment, "limit": "1000"}),
        ):
            answer = self.client.get(path, params=values, headers=self.keys[role])
            assert answer.status_code == 200, answer.text
            found[f"{path} since"] = (200, sorted_in(answer.json()))
        return found


async def judged(settings: Settings) -> None:
    pool = await open_pool(settings, "worker")
    try:
        await screen(pool, "test")
    finally:
        await pool.close()


@pytest.fixture(scope="module")
def cities(module_city: Settings, module_client: TestClient) -> dict[int, Told]:
    """What is told without the main (0), with it in the west (-1), and with it in the east (1)."""
    build_assets(module_city.home)
    mirrored = Mirrored(module_city, module_client)
    return {side: mirrored.told(side) for side in (0, -1, 1)}


def differences(one: dict[str, tuple[int, Any]], other: dict[str, tuple[int, Any]]) -> list[str]:
    """Where two are not told the same, and what only one of them is told there."""
    assert one.keys() == other.keys()
    return [f"{at}: {apart(one[at], other[at])}" for at in one if one[at] != other[at]]


def apart(one: tuple[int, Any], other: tuple[int, Any]) -> str:
    lines = [
        Counter(map(str, told)) if isinstance(told, list) else Counter([str(told)])
        for told in (one[1], other[1])
    ]
    only = [*(lines[0] - lines[1]), *(lines[1] - lines[0])]
    return f"{one[0]}, {other[0]}: {only}"[:1500]


@pytest.mark.parametrize("role", [*BY_CELL, COUNTED])
def test_what_is_told_by_cell_does_not_tell_on_which_side_of_the_mirror(
    cities: dict[int, Told], role: str
) -> None:
    west, east = cities[-1][role], cities[1][role]
    assert differences(west, east) == []
    assert len(west) > 20
    told = json.dumps([west[at] for at in west if at.startswith("/api/")])
    assert "near_main" in told, "there is something to tell"


@pytest.mark.parametrize("role", NOTHING)
def test_who_is_told_of_no_main_is_not_told_that_there_is_one(
    cities: dict[int, Told], role: str
) -> None:
    without = cities[0][role]
    assert differences(without, cities[-1][role]) == []
    if role != "contractor":
        assert len(without) > 10
