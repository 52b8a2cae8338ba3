"""The dense recipe of the big sizes, on a cut: how much of everything, trunks, sound shapes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from gridwarden.sample.city import make_city
from gridwarden.sample.files import MANY, Dataset, compact
from gridwarden.sample.plan import REFERENCE_DATE, SIZES
from gridwarden.sample.plants import built_in

CUT = replace(SIZES["l"], columns=26, rows=12)
BLOCKS = CUT.columns * CUT.rows
OF_L = SIZES["l"].columns * SIZES["l"].rows / BLOCKS


def draw(seed: int) -> dict[str, Dataset]:
    """The cut without its planted field."""
    return {one.name: one for one in make_city(seed, CUT, REFERENCE_DATE, built_in("cn-city-gas"))}


@pytest.fixture(scope="module")
def cut() -> dict[str, Dataset]:
    return draw(7)


def rows(cut: dict[str, Dataset], *names: str) -> float:
    """Rows of these datasets in the whole of size l."""
    return sum(cut[name].rows for name in names) * OF_L


def test_the_cut_promises_what_size_l_has(cut: dict[str, Dataset]) -> None:
    assert 900_000 < rows(cut, "buildings") < 1_100_000
    assert 225_000 < rows(cut, "gas-jia", "gas-yi") < 275_000
    sites = rows(cut, "construction-sites-areas", "construction-sites-points")
    assert 18_000 < sites < 22_000
    assert 15_000 < rows(cut, "charging-sheds-points", "charging-sheds-areas") < 22_000
    assert 17_000 < rows(cut, "estates") < 22_000


def test_size_l_is_ten_times_size_m() -> None:
    big, small = SIZES["l"], SIZES["m"]
    assert 9 < big.columns * big.rows / (small.columns * small.rows) < 11
    assert replace(big, columns=small.columns, rows=small.rows) == small


def test_some_mains_are_long_trunks(cut: dict[str, Dataset]) -> None:
    lengths = {
        code: float(length)
        for name in ("gas-jia", "gas-yi")
        for code, length in zip(
            cut[name].columns["source_id"], shapely.length(cut[name].shapes), strict=True
        )
    }
    trunks = [metres for code, metres in lengths.items() if code[2] == "G"]
    others = [metres for code, metres in lengths.items() if code[2] != "G"]
    assert max(trunks) > 6_000
    assert np.median(trunks) > 3_000
    assert np.median(others) < 400
    assert 0.002 < len(trunks) / len(lengths) < 0.02


def test_every_shape_is_valid(cut: dict[str, Dataset]) -> None:
    for one in cut.values():
        if one.shapes is not None:
            assert shapely.is_valid(one.shapes).all(), one.name
            assert not shapely.is_empty(one.shapes).any(), one.name


def test_ids_are_used_once(cut: dict[str, Dataset]) -> None:
    for one in cut.values():
        ids = one.columns["source_id"]
        assert len(set(ids)) == len(ids), one.name
    mains = [code for name in ("gas-jia", "gas-yi") for code in cut[name].columns["source_id"]]
    assert len(set(mains)) == len(mains)


def test_the_same_seed_is_the_same_city_and_another_is_not(cut: dict[str, Dataset]) -> None:
    again, other = draw(7), draw(8)
    for name, one in cut.items():
        assert again[name].columns == one.columns, name
        if one.shapes is not None:
            same = again[name].shapes
            assert same is not None
            assert shapely.equals_exact(one.shapes, same).all(), name
    assert other["buildings"].columns["height_m"] != cut["buildings"].columns["height_m"]


def test_many_rows_are_a_geopackage(cut: dict[str, Dataset]) -> None:
    roads = cut["roads"]
    assert compact(roads).file == "roads.geojson"
    many = replace(roads, columns={"source_id": [str(at) for at in range(MANY)]})
    assert compact(many).file == "roads.gpkg"
    assert compact(replace(many, shapes=None)).file == "roads.geojson"


def test_size_s_is_not_dense(city: Callable[[int], Path]) -> None:
    from .conftest import town

    assert not any(main.source_id[2] == "G" for main in town(city(7), "gas_pipelines"))
