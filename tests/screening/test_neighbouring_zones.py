"""One city, screened in neighbouring zones, is one city: metres are those of the ground.

Each zone is an installation of its own. The same longitudes and latitudes lie on both sides of a
common meridian, so each zone also reaches beyond its edge, where its plane stretches most.
"""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import psycopg
import pytest
import shapely
from shapely.affinity import rotate

from conftest import owner, publish_rules
from database.homes import home_of
from gridwarden import migrations
from gridwarden.database import cluster
from gridwarden.geodesy import WorkingCrs
from vectors.ground import GEOD, Ground, box, length_of, line

from .conftest import DrawnCity, insert

MILLIMETRE = 0.001
MERIDIANS = {115.5: (4547, 4548), 114.0: (4547, 32649, 32650)}
"""Where zones meet, and which. Places up to 0.3° to either side of 115.5°E lie 1.2 to 1.8° from the
middle meridians of 4547 and 4548; 114°E is the middle of 4547 and the edge of both UTM zones."""
ZONES = (4547, 4548, 32649, 32650)
MAINS: tuple[tuple[float, dict[str, Any]], ...] = (
    (5.0, {"pressure_class": "MA", "p_mop_mpa": 0.4, "dn": 200.0, "od_mm": 219.1}),
    (15.0, {"pressure_class": "SHA", "p_mop_mpa": 1.6, "dn": 500.0, "od_mm": 508.0}),
    (50.0, {"pressure_class": "HA", "p_mop_mpa": 4.0, "dn": 500.0, "od_mm": 508.0}),
    (50.0, {"pressure_class": "XH", "p_mop_mpa": 10.0, "dn": 1000.0, "od_mm": 1016.0}),
)
"""Control range in metres, and a record; the impact radius of the last is 315 m."""
FAMILIES = {
    "construction_sites": "site_near_main",
    "buildings": "main_encroachment",
    "estates": "main_consequence",
}


class Drawn(NamedTuple):
    """A feature in degrees, and what a geodesic says of it."""

    layer: str
    name: str
    shape: shapely.Geometry
    record: dict[str, Any]
    distance_m: float | None = None
    pressed_m: float | None = None


def scene(meridian: float) -> Iterator[Drawn]:
    """Mains in all directions, each with a site in its control range, a house on it and an estate
    within 300 m. Nothing stands within 3 mm of a whole centimetre, so that no limit is near.
    """
    chance = random.Random(meridian)
    for number in range(60):
        name, place = f"{meridian:g} {number}", _place(chance, meridian, number)
        reach, record = MAINS[number % len(MAINS)]
        radius, angle = record["od_mm"] / 2000, chance.uniform(0, 360)

        def put(shape: shapely.Geometry, place: Any = place, angle: float = angle) -> Any:
            return place.lonlat(rotate(shape, angle, origin=(0, 0)))

        main = put(line((-150, 0), (150, 0)))
        made = {**record, "material": "steel", "area_class": "1", "wall_mm": 8.0}
        yield Drawn("gas_pipelines", name, main, made)
        away = radius + round(chance.uniform(0.1, reach - 0.1), 2) + 0.003
        site = put(box(0, away, 20, away + 30))
        gap = place.apart(main, site) - radius
        yield Drawn("construction_sites", name, site, {}, gap)
        house = put(box(-140, -8, -140 + chance.uniform(5, 40), 8))
        under = length_of(shapely.intersection(main, house))
        yield Drawn("buildings", name, house, {}, -radius, under)
        if record["pressure_class"] == "XH":
            away = round(chance.uniform(20, 299), 2) + 0.003
            estate = put(box(-30, -away - 40, 30, -away))
            yield Drawn("estates", name, estate, {}, place.apart(main, estate))


def _place(chance: random.Random, meridian: float, number: int) -> Ground:
    """Along the meridian from 23 to 45 degrees north, 30 km apart."""
    return Ground(meridian + chance.uniform(-0.3, 0.3), 23.0 + 0.36 * number)


SCENES = {meridian: list(scene(meridian)) for meridian in MERIDIANS}
Finding = dict[str, Any]
Key = tuple[str, str, str]


def test_the_scenes_are_what_a_geodesic_says() -> None:
    """A thousand metres of pressed mains, distances from under a metre to 300."""
    drawn = [one for features in SCENES.values() for one in features]
    away = [one.distance_m for one in drawn if one.distance_m is not None]
    assert min(one for one in away if one > 0) < 1
    assert max(away) > 290
    assert sum(one.pressed_m or 0 for one in drawn) > 1000


@pytest.fixture(scope="module")
def zones() -> dict[int, dict[Key, Finding]]:
    """What each zone's installation finds, by family, layer and name."""
    return {epsg: screened(epsg) for epsg in ZONES}


def screened(epsg: int) -> dict[Key, Finding]:
    """An installation of this zone, with the scenes that it takes part in."""
    working = WorkingCrs(epsg)
    with home_of("home", crs=epsg) as settings:
        cluster.up(settings)
        migrations.upgrade(settings)
        publish_rules(settings)
        city, names = DrawnCity(settings), {}
        with owner(settings) as connection:
            for meridian, partners in MERIDIANS.items():
                for one in SCENES[meridian] if epsg in partners else ():
                    wkt = in_zone(one.shape, working)
                    made = {"code": one.name, "accuracy_m": 0.0, **one.record}
                    names[one.layer, insert(connection, one.layer, wkt, made)] = one.name
        found = city.screen()
        keyed = {(f["family"], f["layer"], names[f["layer"], f["subject_id"]]): f for f in found}
        assert len(keyed) == len(found)
        return keyed


def in_zone(shape: shapely.Geometry, working: WorkingCrs) -> str:
    """WKT in metres of the zone, wherever its area of use ends; a tenth of a micrometre is kept."""
    moved = shapely.transform(
        shape, lambda xy: np.stack(working.from_lonlat(xy[:, 0], xy[:, 1]), axis=1)
    )
    return shapely.to_wkt(moved, rounding_precision=7)


def of(found: dict[Key, Finding], meridian: float) -> dict[Key, Finding]:
    """The findings of one scene."""
    return {key: one for key, one in found.items() if key[2].startswith(f"{meridian:g} ")}


@pytest.mark.parametrize("meridian", MERIDIANS)
def test_neighbouring_zones_find_the_same(
    zones: dict[int, dict[Key, Finding]], meridian: float
) -> None:
    first, *others = (of(zones[epsg], meridian) for epsg in MERIDIANS[meridian])
    assert len(first) >= 150
    for other in others:
        assert other.keys() == first.keys()
        for key, one in first.items():
            same = other[key]
            for name in ("rule", "severity", "certainty", "required_m", "missing"):
                assert one[name] == same[name], (key, name)
            for name in ("distance_m", "margin_m", "pressed_length_m"):
                assert (one[name] is None) == (same[name] is None)
                if one[name] is not None:
                    assert abs(float(one[name] - same[name])) <= MILLIMETRE, (key, name)


@pytest.mark.parametrize("epsg", ZONES)
def test_distances_are_those_of_a_geodesic(zones: dict[int, dict[Key, Finding]], epsg: int) -> None:
    """To a millimetre, up to 300 m, and from the outer edge; pressed lengths, too."""
    compared = 0
    for meridian, partners in MERIDIANS.items():
        for one in SCENES[meridian] if epsg in partners else ():
            if one.distance_m is not None:
                found = zones[epsg][FAMILIES[one.layer], one.layer, one.name]
                assert abs(float(found["distance_m"]) - one.distance_m) <= MILLIMETRE, one
                if one.pressed_m is not None:
                    assert abs(float(found["pressed_length_m"]) - one.pressed_m) <= MILLIMETRE, one
                compared += 1
    assert compared > 120


@pytest.fixture(scope="module")
def far_zone() -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection to an installation of UTM zone 49."""
    with home_of("home", crs=32649) as settings:
        cluster.up(settings)
        migrations.upgrade(settings)
        with owner(settings) as connection:
            yield connection


def test_the_ground_is_measured_wherever_the_plane_stretches(
    far_zone: psycopg.Connection[Any],
) -> None:
    """2 to 4 degrees from the middle meridian, where a metre of the plane is up to 1.4 mm off."""
    chance, working = random.Random(7), WorkingCrs(32649)
    pairs = []
    for _ in range(500):
        lon, lat = chance.uniform(113, 115), chance.uniform(18, 48)
        azimuth, metres = chance.uniform(0, 360), chance.uniform(0.05, 300)
        there = GEOD.fwd(lon, lat, azimuth, metres)[:2]
        shapes = (shapely.Point(lon, lat), shapely.Point(there))
        pairs.append((*(in_zone(one, working) for one in shapes), metres))
    measure = (
        "select data.ground_m(st_geomfromtext(%s, data.working_srid()),"
        " st_geomfromtext(%s, data.working_srid()))"
    )
    for one, other, metres in pairs:
        row = far_zone.execute(measure, (one, other)).fetchone()
        assert row is not None
        assert abs(row[0] - metres) <= MILLIMETRE


def test_a_shape_of_another_system_is_not_taken_in(far_zone: psycopg.Connection[Any]) -> None:
    """Degrees and Web Mercator cannot get into a layer, so nothing can be measured in them."""
    for srid in (3857, 4326, 4490, 32650):
        with pytest.raises(psycopg.errors.InvalidParameterValue), far_zone.transaction():
            far_zone.execute(
                "with d as (insert into data.dataset (layer, name, version)"
                " values ('buildings', 'other', 1) returning id)"
                " insert into data.buildings (dataset_id, source_id, geom) select id, 'a',"
                " st_multi(st_buffer(st_setsrid(st_makepoint(114, 30), %s), 1)) from d",
                (srid,),
            )
