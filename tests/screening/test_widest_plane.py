"""The south of Tasmania in the system of all Australia, whose metre is 3.6 % too long from west to
east: nothing that is near on the ground is missed in the plane, by a screening, a permit check or a
what-if, and no ground is called surveyed that is not.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient
from shapely.geometry import mapping

from conftest import bearer, client_of, make_key, owner, publish_rules
from database.homes import home_of
from gridwarden import migrations
from gridwarden.database import cluster
from gridwarden.geodesy import WorkingCrs
from vectors.ground import Ground, box, line

from .conftest import DrawnCity, insert
from .test_neighbouring_zones import MAINS, MILLIMETRE, in_zone
from .what_if_town import COMPANY

WORKING, PLACE = WorkingCrs(3577), Ground(147.0, -43.6)
RECORD = MAINS[-1][1] | {"accuracy_m": 0.0, "material": "steel", "area_class": "1"}
EDGE = RECORD["od_mm"] / 2000
RANGE = 50.0
"""Within this of a main of such a pressure, digging by machine needs a plan."""


@dataclass
class Wide:
    """Tasmania with one main of company B along the meridian, and keys of A and B."""

    city: DrawnCity
    http: TestClient
    keys: dict[str, dict[str, str]]

    def add(self, layer: str, shape: shapely.Geometry, **columns: Any) -> int:
        """A feature drawn in metres on the ground, from the main."""
        with owner(self.city.settings) as c:
            return insert(c, layer, in_zone(PLACE.lonlat(shape), WORKING), columns)

    def ask(self, address: str, body: dict[str, Any], who: str) -> dict[str, Any]:
        """The JSON of a question that is answered."""
        headers = self.keys[who] | {"Content-Type": "application/json"}
        response = self.http.post(
            f"{address}?lang=en&crs=EPSG:3577", content=json.dumps(body), headers=headers
        )
        assert response.status_code == 200, response.text
        return dict(response.json())

    def dig(self, west: float, who: str = "A") -> dict[str, Any]:
        """The permit check of a dig whose western edge is so far east of the main's centre."""
        return self.ask("/api/permits/check", {"area": _drawn(west), "method": "mechanical"}, who)

    def what_if(self, west: float, layer: str, who: str, **columns: Any) -> dict[str, Any]:
        """What a feature there would be found."""
        feature = {"type": "Feature", "geometry": _drawn(west), "properties": columns}
        return self.ask("/api/what-if", {"layer": layer, "feature": feature}, who)


def _drawn(west: float) -> dict[str, Any]:
    there = box(west, -5, west + 10, 5)
    return dict(mapping(shapely.from_wkt(in_zone(PLACE.lonlat(there), WORKING))))


@pytest.fixture(scope="module")
def wide() -> Iterator[Wide]:
    """The installation, with the rules in force."""
    with home_of("home", crs=3577) as settings:
        cluster.up(settings)
        migrations.upgrade(settings)
        publish_rules(settings)
        city = DrawnCity(settings)
        orgs = {name: city.sql(COMPANY, (name,))[0][0] for name in ("A", "B")}
        keys = {
            name: bearer(make_key(settings, "utility", org_ids=(org,)))
            for name, org in orgs.items()
        }
        with client_of(settings) as http:
            made = Wide(city, http, keys)
            main = RECORD | {"org_id": orgs["B"], "operator": "B"}
            made.add("gas_pipelines", line((0, -150), (0, 150)), **main)
            yield made


def test_nothing_is_missed_where_a_plane_is_widest(wide: Wide) -> None:
    """Of a radius of 315 m and a place known to 2 m, the last centimetre is found, and the next is
    not.
    """
    radius = 0.69 * 0.3048 / (25.4 * 0.006894757**0.5)
    radius *= RECORD["p_mop_mpa"] ** 0.5 * RECORD["dn"]
    estate = {"accuracy_m": 2.0, "households": 1}
    inside = wide.add("estates", box(radius + 1.99, -30, radius + 40, 30), **estate)
    wide.add("estates", box(-radius - 40, -30, -radius - 2.01, 30), **estate)
    wide.city.screen()
    (found,) = wide.city.findings("main_consequence")
    assert found["subject_id"] == inside
    assert found["certainty"] == "possible"
    assert abs(float(found["margin_m"]) - 1.99) <= MILLIMETRE
    proposed = wide.what_if(radius + 1.99, "estates", "B", **estate)["findings"]
    (same,) = [one for one in proposed if one["family"] == "main_consequence"]
    assert abs(same["margin_m"] - 1.99) <= MILLIMETRE


def test_a_permit_check_finds_the_last_centimetre_and_not_the_next(wide: Wide) -> None:
    (met,) = wide.dig(EDGE + RANGE - 0.01, "B")["mains"]
    assert abs(met["distance_m"] - (RANGE - 0.01)) <= MILLIMETRE
    assert wide.dig(EDGE + RANGE + 5.01)["mains"] == []
    (other,) = wide.dig(EDGE + RANGE - 0.01)["mains"]
    assert other == {"operator": "B", "pressure_class": "XH", "distance_band": "15-50"}
    assert wide.dig(EDGE + RANGE + 0.01, "B")["mains"] == []


def test_whose_main_is_near_is_told_to_the_last_centimetre(wide: Wide) -> None:
    (other,) = wide.what_if(EDGE + 49.99, "charging_sheds", "A", accuracy_m=0.0)["others"]
    assert (other["operator"], other["distance_band"]) == ("B", "15-50")
    # of a main that A may not read up to 5 m nearer counts, and no centimetre more
    assert wide.what_if(EDGE + 55.01, "charging_sheds", "A", accuracy_m=0.0)["others"] == []


@pytest.mark.parametrize(("short", "coverage"), [(0.1, "partial"), (-0.5, "surveyed")])
def test_ground_is_surveyed_where_all_within_reach_on_the_ground_is(
    wide: Wide, short: float, coverage: str
) -> None:
    """A survey that ends a decimetre before the range does is a part of it, though it reaches
    further than the range in metres of the plane.
    """
    west, beyond = 1_000.0, RANGE - short
    survey = box(west - beyond, -200, west + 10 + beyond, 200)
    added = wide.add("coverage", survey, operator="B")
    wide.city.sql(
        "update data.coverage set surveyed_on = current_date, update_days = 90 where id = %s",
        (added,),
    )
    try:
        assert wide.dig(west)["coverage"] == coverage
    finally:
        wide.city.sql("delete from data.coverage where id = %s", (added,))
