"""The sample city is the same for the same seed, and a believable town."""

import hashlib
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely

from gridwarden.layers.catalogue import layers
from gridwarden.sample.city import write_city
from gridwarden.sample.plan import CORNER, make_plan
from oracle.reading import read_file, read_layer

from .conftest import SEEDS, shapes, town


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
    }


def streets(folder: Path) -> np.ndarray:
    return shapes(read_file(folder / "roads.geojson"))


def test_the_same_seed_writes_the_same_bytes(city: Callable[[int], Path], tmp_path: Path) -> None:
    write_city(7, "s", tmp_path)
    assert digests(tmp_path) == digests(city(7))
    write_city(7, "s", tmp_path)  # over itself
    assert digests(tmp_path) == digests(city(7))


def test_another_seed_is_another_city(city: Callable[[int], Path]) -> None:
    one, other = digests(city(7)), digests(city(8))
    assert one.keys() == other.keys()
    alike = {name for name in one if one[name] == other[name]}
    assert alike == {"organisations.csv"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_city_has_the_size_it_promises(seed: int, city: Callable[[int], Path]) -> None:
    counts = {
        layer: len(town(city(seed), layer))
        for layer in (
            "buildings", "gas_pipelines", "estates", "construction_sites", "charging_sheds",
        )
    }  # fmt: skip
    assert 2500 <= counts["buildings"] <= 3600
    assert 500 <= counts["gas_pipelines"] <= 700
    assert 55 <= counts["estates"] <= 65
    assert 35 <= counts["construction_sites"] <= 45
    assert 75 <= counts["charging_sheds"] <= 105


def test_city_json_lists_every_file_with_its_rows(city: Callable[[int], Path]) -> None:
    folder = city(7)
    about = json.loads((folder / "city.json").read_text("utf-8"))
    assert about["fictitious"] is True
    assert {one["file"] for one in about["datasets"]} | {"city.json"} == set(digests(folder))
    names = [one["dataset"] for one in about["datasets"]]
    assert len(set(names)) == len(names)
    assert {one["layer"] for one in about["datasets"]} == set(layers())
    assert all(one["rows"] for one in about["datasets"])


@pytest.mark.parametrize("seed", SEEDS)
def test_source_ids_are_used_once_in_a_layer(seed: int, city: Callable[[int], Path]) -> None:
    for layer in set(layers()) - {"warden_grids", "organisations"}:
        ids = [one.source_id for one in read_layer(city(seed), layer)]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("seed", SEEDS)
def test_street_mains_run_beside_streets_and_services_inside_blocks(
    seed: int, city: Callable[[int], Path]
) -> None:
    roads = shapely.STRtree(streets(city(seed)))
    for main in town(city(seed), "gas_pipelines"):
        middle = shapely.line_interpolate_point(main.shape, 0.5, normalized=True)
        away = roads.geometries[roads.nearest(middle)].distance(middle)
        kind = main.source_id[2]
        assert away < {"F": 175, "L": 400}.get(kind, 50), main.source_id


@pytest.mark.parametrize("seed", SEEDS)
def test_no_street_but_arterials_crosses_the_river(seed: int, city: Callable[[int], Path]) -> None:
    plan = make_plan(seed, "s")
    y = np.linspace(0, plan.height, 60)[1:-1]
    water = shapely.LineString(plan.bend(np.stack([plan.river(y), y], axis=1)))
    crossing = [
        road.text("class")
        for road in read_file(city(seed) / "roads.geojson")
        if road.shape.intersects(water)
    ]
    assert set(crossing) == {"arterial"}
    assert len(crossing) >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_buildings_stand_apart_from_each_other_and_off_the_carriageway(
    seed: int, city: Callable[[int], Path]
) -> None:
    houses = shapes(town(city(seed), "buildings"))
    assert shapely.is_valid(houses).all()
    tree = shapely.STRtree(houses)
    one, other = tree.query(houses, predicate="intersects")
    assert (one == other).all()
    middles = shapely.STRtree(streets(city(seed)))
    assert not len(middles.query(houses, predicate="intersects")[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_estate_has_buildings_and_two_quarters_have_no_shed(
    seed: int, city: Callable[[int], Path]
) -> None:
    estates = shapes(town(city(seed), "estates"))
    houses = shapely.STRtree(shapes(town(city(seed), "buildings")))
    assert set(houses.query(estates, predicate="contains")[0]) == set(range(len(estates)))
    sheds = shapely.STRtree(shapes(town(city(seed), "charging_sheds")))
    near = set(sheds.query(estates, predicate="dwithin", distance=290)[0])
    assert 2 <= len(estates) - len(near) <= 20


@pytest.mark.parametrize("seed", SEEDS)
def test_districts_tile_the_city_and_hold_everything(
    seed: int, city: Callable[[int], Path]
) -> None:
    districts = shapes(read_file(city(seed) / "districts.geojson"))
    whole = shapely.union_all(districts)
    assert len(districts) == 6
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    # lon/lat in a file have nine decimals: a tenth of a millimetre, along 30 km of border
    assert abs(shapely.area(districts).sum() - whole.area) < 1.0
    for layer in set(layers()) - {"districts", "warden_grids", "organisations", "coverage"}:
        assert shapely.covers(whole, shapes(read_layer(city(seed), layer))).all(), layer


@pytest.mark.parametrize("seed", SEEDS)
def test_coverage_has_two_companies_a_gap_and_one_overdue_survey(
    seed: int, city: Callable[[int], Path]
) -> None:
    coverage = read_file(city(seed) / "coverage.geojson")
    assert len({area.text("operator") for area in coverage}) == 2
    due = [str(area.text("surveyed_on")) < "2025-11-01" for area in coverage]
    assert due.count(True) == 1
    for one in coverage:
        for other in coverage:
            assert one is other or one.shape.intersection(other.shape).area < 0.01
    known = shapely.union_all(shapes(coverage))
    assert known.geom_type == "Polygon"
    assert all(shapely.Polygon(hole).area < 0.01 for hole in known.interiors)
    mains = town(city(seed), "gas_pipelines")
    outside = [main for main in mains if not known.contains(main.shape)]
    assert 0 < len(outside) < len(mains) / 5
    planted = [one for one in read_layer(city(seed), "gas_pipelines") if one not in mains]
    assert planted
    assert all(known.contains(one.shape) for one in planted)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_records_of_mains_are_as_incomplete_as_real_ones(
    seed: int, city: Callable[[int], Path]
) -> None:
    mains = town(city(seed), "gas_pipelines")
    classes = {main.text("pressure_class") for main in mains}
    assert classes == {"L", "MB", "MA", "SHB", "SHA", "HB", "HA", "XH", None}
    assert {main.text("material") for main in mains} == {"pe", "steel"}
    assert {main.text("status") for main in mains} >= {"in_use", "abandoned", "planned"}
    assert len({main.text("operator") for main in mains}) == 2
    for gap in ("dn", "od_mm", "accuracy_m", "pressure_class"):
        silent = sum(main.columns[gap] is None for main in mains)
        assert 0 < silent < len(mains) * 0.6, gap


@pytest.mark.parametrize("seed", SEEDS)
def test_the_city_lies_where_it_says(seed: int, city: Callable[[int], Path]) -> None:
    houses = shapely.total_bounds(shapes(read_layer(city(seed), "buildings")))
    assert np.abs(houses[:2] - CORNER).max() < 1500
    assert houses[2] - houses[0] < 9000
    assert 2000 < houses[3] - houses[1] < 6000


def test_streets_bend_gently() -> None:
    plan = make_plan(7, "s")
    base = np.stack([np.linspace(0, plan.width, 200), np.full(200, plan.height / 2)], axis=1)
    line = plan.bend(base)
    headings = np.unwrap(np.arctan2(*np.diff(line, axis=0).T))
    turns = [abs(after - before) for before, after in pairwise(headings)]
    assert max(turns) < np.radians(2)
    assert np.ptp(headings) > np.radians(3)
