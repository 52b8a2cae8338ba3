"""The compiled rules find what an independent judge finds."""

from pathlib import Path

import pytest

from conftest import owner
from gridwarden.sample.city import write_city
from gridwarden.settings import Settings
from plans import explained, nodes

from .conftest import CITY_GAS, SEEDS, OracleOf, SampleCity, bring_in
from .judging import Finding, Key
from .oracle import Oracle
from .packs import Pack
from .screened import differences, statements, stored

OVERLAYS = (*CITY_GAS, "cn-datong", "cn-shanghai", "cn-transmission")


def families(oracle: Oracle) -> set[str]:
    """The families of the rules in force that screening judges by."""
    return {rule.family for rule in oracle.rules.rules if rule.toml["subjects"]}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_screen_finds_what_the_oracle_finds(
    seed: int, installation: Settings, sample_city: SampleCity, oracle_of: OracleOf
) -> None:
    loaded = bring_in(installation, sample_city(seed))
    expected = oracle_of(seed).findings()
    with owner(installation) as connection:
        found = stored(connection)
    assert differences(found, expected) == []
    assert sum(count["n"] for count in loaded.screened["findings"]) == len(expected)
    assert {family for family, *_ in expected} == families(oracle_of(seed))
    assert len(expected) > 1000


def test_no_statement_compares_all_with_all_once_the_tables_are_analysed(
    installation: Settings, sample_city: SampleCity
) -> None:
    """What the planner learns as a city is used must not make it measure every pair of features."""
    bring_in(installation, sample_city(7))
    with owner(installation) as connection:
        connection.execute("analyze")
        mains = connection.execute("select count(*) from data.gas_pipelines").fetchone()
        assert mains is not None and mains[0] > 900
        for one in statements(connection):
            most = max(node["Actual Loops"] for node in nodes(explained(connection, one.sql)))
            assert most < mains[0] ** 2 / 20, one.name


@pytest.mark.parametrize(
    "packs",
    [OVERLAYS, pytest.param(("uk",), marks=pytest.mark.deep), ("us", "us-ca")],
    ids=["overlays", "uk", "us-ca"],
)
def test_other_packs_find_what_the_oracle_finds(
    packs: tuple[str, ...], installation: Settings, sample_city: SampleCity, oracle_of: OracleOf
) -> None:
    """Overlays beside the national pack, and the base packs of other countries in its place."""
    bring_in(installation, sample_city(7, *packs), *packs)
    oracle = oracle_of(7, *packs)
    expected = oracle.findings()
    with owner(installation) as connection:
        assert differences(stored(connection), expected) == []
    assert {family for family, *_ in expected} == families(oracle)
    assert {one.pack for one in expected.values()} == {rule.pack for rule in oracle.rules.rules}


def test_overlays_make_findings_of_the_same_city(
    installation: Settings, sample_city: SampleCity, oracle_of: OracleOf
) -> None:
    """What the national pack alone does not find, and what a city finds in another grade."""
    alone = oracle_of(7).findings()
    together = Oracle(sample_city(7), oracle_of(7, *OVERLAYS).rules.packs).findings()
    assert alone.keys() < together.keys()
    changed = [key for key in alone if together[key] != alone[key]]
    assert {together[key].pack for key in changed} >= {"cn-datong", "cn-shanghai"}
    bring_in(installation, sample_city(7), *OVERLAYS)
    with owner(installation) as connection:
        assert differences(stored(connection), together) == []


@pytest.mark.deep
def test_a_city_ten_times_as_large_is_judged_alike(
    installation: Settings, tmp_path: Path, pack: Pack
) -> None:
    folder = tmp_path / "city"
    write_city(11, "m", folder)
    bring_in(installation, folder)
    expected: dict[Key, Finding] = Oracle(folder, [pack]).findings()
    with owner(installation) as connection:
        assert differences(stored(connection), expected) == []
    assert len(expected) > 2000
