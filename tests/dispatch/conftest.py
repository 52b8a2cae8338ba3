"""A field of sheds around one place."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.geodesy import WorkingCrs
from gridwarden.settings import Settings

X, Y = 500_000.0, 3_420_000.0


@dataclass
class Field:
    """Sheds by hand, asked for over HTTP."""

    settings: Settings
    http: TestClient
    keys: dict[str, str]
    ids: dict[str, int] = field(default_factory=dict)

    def shed(self, code: str, x: float, y: float, wkt: str | None = None, **row: Any) -> None:
        """One shed, a point unless `wkt` says otherwise, x and y metres from the middle."""
        place = wkt or f"POINT({X + x} {Y + y})"
        values = {"code": code, "name": f"shed {code}", "status": "working"} | row
        with owner(self.settings) as c:
            columns = ", ".join(values)
            marks = ", ".join(["%s"] * len(values))
            made = c.execute(
                "insert into data.dataset (layer, name, version) values ('charging_sheds', 's', 1)"
                " on conflict (layer, name) do update set version = 1 returning id"
            ).fetchone()
            found = c.execute(
                f"insert into data.charging_sheds (dataset_id, source_id, {columns}, geom)"
                f" values (%s, %s, {marks}, st_geomfromtext(%s, 4547)) returning id",
                (made[0], code, *values.values(), place),
            ).fetchone()
            self.ids[code] = int(found[0])

    def nearest(self, x: float = 0, y: float = 0, **more: object) -> list[dict[str, Any]]:
        """The items of an answer."""
        lon, lat = lonlat(X + x, Y + y)
        asked = {"lon": lon, "lat": lat, "lang": "en"} | more
        sent = self.http.get("/api/sheds/nearest", params=asked, headers=self.keys)
        assert sent.status_code == 200, sent.text
        assert sent.json()["next"] is None
        return list(sent.json()["items"])


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Degrees of a place in metres."""
    lon, lat = WorkingCrs(4547).lonlat(np.array([x]), np.array([y]))
    return float(lon[0]), float(lat[0])


@pytest.fixture(scope="module")
def sheds(module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker) -> Field:
    """Six sheds: four to the points of the compass, two far away."""
    made = Field(module_city, module_client, module_sign_in("dispatcher"))
    made.shed("north", 0, 90, places=10, free=3)
    made.shed("east", 100, 0, places=10, free=0)
    made.shed("south", 0, -200, places=5, free=5, status="fault")
    west = f"POLYGON(({X - 400} {Y}, {X - 300} {Y}, {X - 300} {Y + 9}, {X - 400} {Y}))"
    made.shed("west", 0, 0, west, places=8, free=8)
    made.shed("dark", 500, 0, places=8, free=8, power_on=False)
    made.shed("untold", 600, 0)
    with owner(made.settings) as c:
        ago = "update data.charging_sheds set status_at = now() - interval '90 min' where code = %s"
        c.execute(ago, ("north",))
    return made
