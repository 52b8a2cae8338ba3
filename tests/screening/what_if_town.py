"""A drawn town with two gas companies, and proposals sent to it."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import shapely
from fastapi.testclient import TestClient
from shapely.geometry import mapping

from conftest import KeyMaker
from gridwarden.settings import Settings

from .conftest import STEEL_MA, SURE, DrawnCity

METRES = "EPSG:4547"
COMPANY = """
    with made as (
        insert into data.dataset (layer, name, version) values ('organisations', 'drawn', 1)
        on conflict (layer, name) do update set version = 1 returning id)
    insert into data.organisations (dataset_id, source_id, name, kind)
    select id, gen_random_uuid()::text, %s, 'gas_company' from made returning id
"""


@dataclass
class Town:
    """A drawn city with two gas companies, and who asks about it."""

    drawn: DrawnCity
    http: TestClient
    keys: dict[str, dict[str, str]]
    orgs: dict[str, int]

    def main(self, org: str, wkt: str, **columns: Any) -> int:
        """A main of a company."""
        values = STEEL_MA | {"org_id": self.orgs[org], "operator": org} | columns
        return self.drawn.main(wkt, **values)

    def send(self, layer: str, wkt: str, who: str = "bureau", **more: Any) -> httpx.Response:
        """The answer to a proposal whose place is metres in the working plane."""
        properties = more.pop("properties", dict(SURE))
        shape = mapping(shapely.from_wkt(wkt))
        feature = {"type": "Feature", "geometry": shape, "properties": properties}
        body = {"layer": layer, "feature": json.loads(json.dumps(feature)), "crs": METRES} | more
        headers = self.keys[who] | {"Content-Type": "application/json"}
        return self.http.post("/api/what-if?lang=en", content=json.dumps(body), headers=headers)

    def ask(self, layer: str, wkt: str, who: str = "bureau", **more: Any) -> dict[str, Any]:
        """The JSON of a proposal that is answered."""
        response = self.send(layer, wkt, who, **more)
        assert response.status_code == 200, response.text
        return dict(response.json())


def town_of(city: Settings, http: TestClient, sign_in: KeyMaker) -> Town:
    """Companies A and B, and a bureau over the whole city."""
    drawn, orgs, keys = DrawnCity(city), {}, {}
    for name in ("A", "B"):
        orgs[name] = drawn.sql(COMPANY, (name,))[0][0]
        keys[name] = sign_in("utility", org_ids=(orgs[name],))
    keys["bureau"] = sign_in("supervisor", all_districts=True)
    return Town(drawn, http, keys, orgs)
