"""Who lives where, how an engine reaches them, and where too many share a room."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

from oracle.reading import read_file

from .conftest import SEEDS, shapes, town

City = Callable[[int], Path]


@pytest.mark.parametrize("seed", SEEDS)
def test_households_of_houses_add_up_to_those_of_their_estate(seed: int, city: City) -> None:
    estates, houses = town(city(seed), "estates"), town(city(seed), "buildings")
    homes = [
        one
        for one in houses
        if one.text("use") == "住宅" and not (one.text("name") or "").startswith("临时")
    ]
    tree = shapely.STRtree(shapes(homes))
    inside, home = tree.query(shapes(estates), predicate="contains")
    total: Counter[int] = Counter()
    for at, one in zip(inside.tolist(), home.tolist(), strict=True):
        total[at] += int(homes[one].number("households") or 0)
        assert homes[one].number("households")
    assert dict(total) == {at: one.number("households") for at, one in enumerate(estates)}
    elsewhere = [one for one in houses if one.text("use") in ("商铺", "厂房", "学校")]
    assert elsewhere and all(one.number("households") is None for one in elsewhere)


@pytest.mark.parametrize("seed", SEEDS)
def test_rented_dwellings_lie_in_homes_and_some_are_crowded(seed: int, city: City) -> None:
    rented = read_file(city(seed) / "rented_dwellings.csv")
    homes = [one for one in town(city(seed), "buildings") if one.text("use") == "住宅"]
    tree = shapely.STRtree(shapes(homes))
    assert len(set(tree.query(shapes(rented), predicate="within")[0])) == len(rented) >= 40
    crowded = [
        one
        for one in rented
        if (one.number("occupants") or 0) > 0
        and (one.number("area_m2") or 0) / (one.number("occupants") or 1) < 5.0
    ]
    rooms = Counter(one.text("let_room") for one in rented)
    parted = [one for one in rented if one.text("partition_added") == "true"]
    assert 1 <= len(crowded) <= len(rented) / 5
    assert 1 <= len(parted) <= len(rented) / 5
    assert rooms["whole"] + rooms["bedroom"] > len(rented) * 0.8
    assert len(rooms) > 2


@pytest.mark.parametrize("seed", SEEDS)
def test_fire_lanes_are_free_of_houses_and_mostly_in_order(seed: int, city: City) -> None:
    lanes, houses = town(city(seed), "fire_lanes"), town(city(seed), "buildings")
    standing = [one for one in houses if not (one.text("name") or "").startswith("临时")]
    assert shapely.is_valid(shapes(lanes)).all()
    assert not len(
        shapely.STRtree(shapes(standing)).query(shapes(lanes), predicate="intersects")[0]
    )
    by_kind = {kind: [one for one in lanes if one.text("kind") == kind] for kind in
               ("lane", "climbing_area", "turning_place")}  # fmt: skip
    assert sum(map(len, by_kind.values())) == len(lanes)
    assert len(by_kind["lane"]) == len(town(city(seed), "estates"))
    states = Counter(one.text("state") for one in lanes)
    assert set(states) == {"ok", "occupied", "blocked"}
    assert states["ok"] > len(lanes) * 0.9
    narrow = [one for one in by_kind["lane"] if (one.number("width_m") or 9) < 4]
    assert len(narrow) < len(by_kind["lane"]) / 4
    dead = [one for one in by_kind["lane"] if one.text("dead_end") == "true"]
    turning = shapes(by_kind["turning_place"])
    assert 0 < len(turning) <= len(dead)
    assert all(any(one.intersects(lane.shape) for lane in dead) for one in turning)


@pytest.mark.parametrize("seed", SEEDS)
def test_most_tall_houses_have_a_climbing_area_5_to_10_m_away(seed: int, city: City) -> None:
    areas = [one for one in town(city(seed), "fire_lanes") if one.text("kind") == "climbing_area"]
    tall = [one for one in town(city(seed), "buildings") if (one.number("storeys") or 0) >= 8]
    tree = shapely.STRtree(shapes(areas))
    served = tree.query(shapes(tall), predicate="dwithin", distance=10.0)[0]
    assert len(set(served)) > len(tall) * 0.85
    houses = shapely.STRtree(shapes(tall))
    gaps = shapely.distance(shapes(areas), houses.geometries[houses.nearest(shapes(areas))])
    assert (gaps > 4.9).mean() > 0.97
