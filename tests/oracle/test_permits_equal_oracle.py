"""A permit check is told what the oracle tells, 5 mm inside and outside of every range."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import shapely

from conftest import owner
from gridwarden.settings import Settings

from .conftest import CITY_GAS, OracleOf, SampleCity, bring_in
from .oracle import Oracle
from .reading import read_layer

SETS = {"cn-city-gas": CITY_GAS, "uk": ("uk",), "us-ca": ("us", "us-ca")}
Loaded = tuple[psycopg.Connection[Any], Oracle]


@pytest.fixture(scope="module", params=SETS)
def loaded(
    request: pytest.FixtureRequest,
    installation: Settings,
    sample_city: SampleCity,
    oracle_of: OracleOf,
) -> Iterator[Loaded]:
    """A city whose field proves the numbers of these packs, and its oracle."""
    packs = SETS[request.param]
    chosen = () if packs == CITY_GAS else packs
    bring_in(installation, sample_city(7, *chosen), *chosen)
    with owner(installation) as connection:
        yield connection, oracle_of(7, *chosen)


def met(
    connection: psycopg.Connection[Any],
    area: shapely.Geometry,
    method: str,
    depth: float | None = None,
) -> dict[str, tuple[str, str, frozenset[str]]]:
    """What the service's permit check meets: main → verdict, certainty and rules.

    A main that no rule in force judges is `unknown` to it and nothing to the oracle.
    """
    rows = connection.execute(
        "select m.source_id, h.verdict, h.certainty, array("
        "  select r.rule from jsonb_to_recordset(h.met) as t(rule_id bigint)"
        "  join data.rule r on r.id = t.rule_id)"
        " from data.permit_reach(%(method)s, %(depth)s::numeric) reach,"
        " jsonb_to_recordset(data.permit_hits(st_geomfromwkb(%(area)s, 4547), 0, 0, %(method)s,"
        "  %(depth)s::numeric, reach.reach))"
        " as h(id bigint, met jsonb, verdict text, certainty text)"
        " join data.gas_pipelines m using (id) where h.verdict <> 'unknown'",
        {"area": shapely.to_wkb(area), "method": method, "depth": depth},
    )
    return {source: (verdict, sure, frozenset(rules)) for source, verdict, sure, rules in rows}


def told(
    oracle: Oracle, area: shapely.Geometry, method: str, depth: float | None = None
) -> dict[str, tuple[str, str, frozenset[str]]]:
    """What the oracle tells; a permit check calls every main of unknown class possible."""
    vague = {main.feature.source_id for main in oracle.mains if None in main.classes.values()}
    return {
        name: (verdict, "possible" if name in vague else sure, rules)
        for name, (verdict, sure, rules) in oracle.work(area, method, depth).items()
    }


def test_every_planted_dig_is_told_what_the_oracle_tells(loaded: Loaded) -> None:
    connection, oracle = loaded
    asked, verdicts = 0, set()
    for dig in oracle.layer("excavations"):
        method = dig.text("method")
        if method is None or dig.shape.geom_type == "Point":
            continue
        depth = dig.number("depth_m")
        wanted = told(oracle, dig.shape, method, depth)
        assert met(connection, dig.shape, method, depth) == wanted, dig.source_id
        verdicts |= {verdict for verdict, _, _ in wanted.values()}
        asked += 1
    assert asked > 15
    assert "prohibited" in verdicts


def test_a_dig_of_unknown_depth_is_told_what_the_oracle_tells(loaded: Loaded) -> None:
    connection, oracle = loaded
    for dig in oracle.layer("excavations")[::5]:
        method = dig.text("method") or "mechanical"
        if dig.shape.geom_type != "Point":
            wanted = told(oracle, dig.shape, method)
            assert met(connection, dig.shape, method) == wanted, dig.source_id


def test_a_dig_across_a_main_is_as_certain_as_the_oracle_says(
    loaded: Loaded, sample_city: SampleCity
) -> None:
    """Pits of 20 cm and 8 m over the middles of mains, all of them placed to 1.5 m."""
    connection, oracle = loaded
    vague = Oracle(oracle.folder, oracle.rules.packs)
    assert len(read_layer(oracle.folder, "gas_pipelines")) >= len(vague.mains)
    for main in vague.mains:
        main.feature.columns["accuracy_m"] = 1.5
    known = [
        main for main in vague.mains if not main.od_missing and None not in main.classes.values()
    ]
    seen = set()
    with connection.transaction(force_rollback=True):
        connection.execute("update data.gas_pipelines set accuracy_m = 1.5")
        for main in known[:: len(known) // 30]:
            middle = main.feature.shape.interpolate(0.5, normalized=True)
            for half in (0.1, 4.0):
                area = middle.buffer(half, cap_style="square")
                wanted = vague.work(area, "mechanical")
                assert met(connection, area, "mechanical") == wanted
                if main.feature.source_id in wanted:
                    seen.add((half, wanted[main.feature.source_id][1]))
    assert {(0.1, "possible"), (4.0, "certain")} <= seen
