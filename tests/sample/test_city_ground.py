"""What lies under and beside the streets: believable, mostly lawful, and wrong in a few places."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import shapely

from oracle.reading import Feature

from .conftest import SEEDS, shapes, town

City = Callable[[int], Path]


def kinds(features: Iterable[Feature]) -> Counter[str | None]:
    """How many there are of each kind."""
    return Counter(one.text("kind") for one in features)


def away(features: list[Feature], others: list[Feature]) -> np.ndarray:
    """From each feature, the metres to the nearest of the others."""
    tree = shapely.STRtree(shapes(others))
    mine = shapes(features)
    return np.asarray(shapely.distance(mine, tree.geometries[tree.nearest(mine)]))


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_keep_their_distance_from_mains_but_for_a_few(seed: int, city: City) -> None:
    lines, mains = town(city(seed), "underground_lines"), town(city(seed), "gas_pipelines")
    assert set(kinds(lines)) == {"water", "sewer", "power_cable", "comms_cable", "heat"}
    gaps = away(lines, mains)
    assert 8 <= ((gaps > 0) & (gaps < 1.6)).sum() <= 20
    assert 8 <= (gaps == 0).sum() <= 20
    assert not ((gaps >= 1.6) & (gaps < 4.5)).any()
    assert {line.text("laying") for line in lines} == {"direct", "duct", "trench"}
    assert all(line.number("depth_top_m") for line in lines)
    volts = {line.text("kind") for line in lines if line.number("voltage_kv")}
    assert volts == {"power_cable"}


@pytest.mark.parametrize("seed", SEEDS)
def test_connections_pass_under_the_main_with_5_or_40_cm_between(seed: int, city: City) -> None:
    lines, mains = town(city(seed), "underground_lines"), town(city(seed), "gas_pipelines")
    found = []
    for line in lines:
        for main in mains:
            if line.shape.intersects(main.shape):
                top, outer = main.number("depth_top_m"), main.number("od_mm")
                depth = line.number("depth_top_m")
                assert depth is not None and top is not None and outer is not None
                found.append(round(depth - top - outer / 1000, 2))
    assert set(found) == {0.05, 0.4}


@pytest.mark.parametrize("seed", SEEDS)
def test_enclosed_spaces_of_every_kind_few_of_them_on_a_main(seed: int, city: City) -> None:
    spaces, mains = town(city(seed), "enclosed_spaces"), town(city(seed), "gas_pipelines")
    assert set(kinds(spaces)) == {
        "basement", "drain", "heat_trench", "cable_trench", "tunnel", "manhole",
    }  # fmt: skip
    assert shapely.is_valid(shapes(spaces)).all()
    assert 1 <= (away(spaces, mains) == 0).sum() <= 8
    cellars = [one for one in spaces if one.text("kind") == "basement"]
    houses = shapely.STRtree(shapes(town(city(seed), "buildings")))
    under, _ = houses.query(shapes(cellars), predicate="within")
    assert sorted(under) == list(range(len(cellars)))


@pytest.mark.parametrize("seed", SEEDS)
def test_street_objects_of_every_kind_few_of_them_too_near(seed: int, city: City) -> None:
    objects, mains = town(city(seed), "street_objects"), town(city(seed), "gas_pipelines")
    count = kinds(objects)
    assert set(count) == {
        "tree", "pole", "lighting_pole", "railway", "tramway", "stockpile", "compound",
    }  # fmt: skip
    assert count["tree"] > 150
    near = [one for one, gap in zip(objects, away(objects, mains), strict=True) if gap < 1.0]
    assert set(kinds(near)) == {"tree", "pole", "lighting_pole", "stockpile", "compound"}
    assert max(kinds(near).values()) <= 12
    assert any(one.text("deep_rooted") == "true" for one in objects)
    assert {one.number("voltage_kv") for one in objects} >= {0.4, 10.0, 110.0, None}


@pytest.mark.parametrize("seed", SEEDS)
def test_yards_are_walled_in_around_a_main_and_elsewhere(seed: int, city: City) -> None:
    yards = [one for one in town(city(seed), "street_objects") if one.text("kind") == "compound"]
    over = (away(yards, town(city(seed), "gas_pipelines")) == 0).sum()
    assert 1 <= over < len(yards)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_long_distance_main_passes_the_south_and_names_its_network(
    seed: int, city: City
) -> None:
    mains = town(city(seed), "gas_pipelines")
    long = [main for main in mains if main.text("network") == "transmission"]
    assert {main.source_id[2] for main in long} == {"L"}
    assert {main.text("area_class") for main in long} >= {"1", "2", "3"}
    homes = [one for one in town(city(seed), "buildings") if one.number("households")]
    near = away(homes, long)
    assert 50 < near.min() < 200
    for main in mains:
        kind = main.source_id[2]
        assert (main.text("network") == "yard") == (kind == "F")
        assert main.text("area_class") is None or kind in "TL"
    unsaid = [main for main in mains if main.text("network") is None]
    assert {main.source_id[2] for main in unsaid} == {"M"}
