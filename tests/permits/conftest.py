"""A strip of ground with two gas companies, on which a test lays the mains it asks about."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.geodesy import WorkingCrs
from gridwarden.settings import Settings

X, Y = 500_000.0, 3_420_000.0
METRES = "EPSG:4547"
EDGE_M = 0.1
"""Half the outer diameter of every main laid here."""


@dataclass
class Ground:
    """Surveyed ground of 20 km × 20 km around (X, Y); each lane is 400 m from the next."""

    settings: Settings
    http: TestClient
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    orgs: dict[str, int] = field(default_factory=dict)
    lanes: Iterator[int] = field(default_factory=count)

    def insert(self, layer: str, dataset_name: str, /, **row: Any) -> int:
        """One feature, as the owner; its dataset is made when missing."""
        with owner(self.settings) as c:
            made = "insert into data.dataset (layer, name, version) values (%s, %s, 1) on conflict"
            made += " (layer, name) do update set version = 1 returning id"
            dataset = c.execute(made, (layer, dataset_name)).fetchone()
            shape = row.pop("wkt", None)
            columns = ["dataset_id", "source_id", *row]
            places = ", ".join(["%s"] * len(columns) + ["st_geomfromtext(%s, 4547)"])
            found = c.execute(
                f"insert into data.{layer} ({', '.join(columns)}, geom) values ({places})"
                " returning id",
                (dataset[0], str(next(SOURCE)), *row.values(), shape),
            ).fetchone()
            return int(found[0])

    def lane(self) -> float:
        """The y of a lane that nobody has used."""
        return Y - 8_000 + 400 * next(self.lanes)

    def main(self, operator: str, y: float, pressure_class: str | None = "MB", **row: Any) -> int:
        """A straight main of 300 m along y, of 200 mm outer diameter, placed exactly."""
        values = {"code": f"{operator}-{y}", "od_mm": 200.0, "accuracy_m": 0.0} | row
        return self.insert(
            "gas_pipelines",
            f"mains of {operator}",
            operator=operator,
            org_id=self.orgs.get(operator),
            pressure_class=pressure_class,
            wkt=f"MULTILINESTRING(({X} {y}, {X + 300} {y}))",
            **values,
        )

    def send(
        self, area: object, who: str = "A", crs: str | None = METRES, **work: Any
    ) -> httpx.Response:
        """The answer to a question about `area` (metres), asked by `who`."""
        body = {"area": area, "method": "mechanical"} | work
        query = "?lang=en" + (f"&crs={crs}" if crs else "")
        headers = self.keys[who] | {"Content-Type": "application/json"}
        text = json.dumps(body)
        return self.http.post(f"/api/permits/check{query}", content=text, headers=headers)

    def ask(self, area: object, who: str = "A", **work: Any) -> dict[str, Any]:
        """The JSON of a question that is answered."""
        response = self.send(area, who, **work)
        assert response.status_code == 200, response.text
        return dict(response.json())


SOURCE = count(1)


def box(y: float, width: float = 20, height: float = 4, x: float = X + 100) -> dict[str, Any]:
    """A rectangle whose lower edge lies at y (metres)."""
    ring = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def lonlat(x: float, y: float) -> list[float]:
    """Degrees of a place in metres."""
    lon, lat = WorkingCrs(4547).lonlat(np.array([x]), np.array([y]))
    return [float(lon[0]), float(lat[0])]


@pytest.fixture(scope="module")
def ground(module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker) -> Ground:
    """Companies A (with a duty phone) and B (without), and fresh records of both."""
    made = Ground(module_city, module_client)
    for name, phone, duty_phone in (("A", "0712-1000", "0712-119"), ("B", "0712-2000", None)):
        made.orgs[name] = made.insert(
            "organisations",
            "companies",
            name=name,
            kind="gas_company",
            phone=phone,
            duty_phone=duty_phone,
        )
        made.keys[name] = module_sign_in("utility", org_ids=(made.orgs[name],))
    made.keys["bureau"] = module_sign_in("supervisor", all_districts=True)
    cover(made, "A", Y - 10_000, Y + 10_000)
    return made


def cover(made: Ground, operator: str, low: float, high: float, age: int = 41, **row: Any) -> int:
    """Surveyed ground between two y, 20 km wide."""
    with owner(made.settings) as c:
        today = "select (now() at time zone %s)::date - %s"
        day = c.execute(today, (made.settings.time_zone, age)).fetchone()
    values = {"update_days": 365, "surveyed_on": day[0]} | row
    west, east = X - 10_000, X + 10_000
    ring = f"{west} {low}, {east} {low}, {east} {high}, {west} {high}, {west} {low}"
    wkt = f"MULTIPOLYGON((({ring})))"
    return made.insert("coverage", f"survey of {operator}", operator=operator, wkt=wkt, **values)
