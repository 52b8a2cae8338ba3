"""Every number of the packs has its pair 5 mm inside and 5 mm outside, on the ground."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from gridwarden.sample.plants import built_in, plant

from .conftest import CITY_GAS, SEEDS, OracleOf
from .mains import Main, as_list, asked
from .oracle import Oracle
from .packs import DISTANCE_KINDS, MAINS, Rule, Rules, ticks
from .reading import Feature

PACKS = (
    pytest.param(CITY_GAS, id="cn-city-gas"),
    pytest.param((*CITY_GAS, "cn-datong", "cn-shanghai", "cn-transmission"), id="overlays"),
    pytest.param(("uk",), id="uk", marks=pytest.mark.deep),
    pytest.param(("us", "us-ca"), id="us-ca"),
)
HIDDEN = {
    # 3.0 m for the thickest walls, where the protection range reaches 5 m
    CITY_GAS: {"high-pressure-area-3", "shed-high-pressure-area-3"},
    # 0.5 m for piling and boreholes, where 3 m ask for a plan
    ("uk",): {"uk-hand-dig"},
    # 18 in, where the state asks 24 in
    ("us", "us-ca"): {"us-cga-tolerance-zone"},
}
SIDES = {"below": -50, "above": 50}


def expanded(rule: Rule) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a rule, one for each class and method, as they are counted."""
    number = 0
    for row in rule.rows:
        for name in as_list(row.get("class", "")):
            for method in as_list(row.get("method", "")):
                number += 1
                yield (
                    number,
                    row
                    | ({"class": name} if name else {})
                    | ({"method": method} if method else {}),
                )


def named(rule: Rule, rules: Rules) -> str:
    """What its plants are called by."""
    own = rule.pack == rules.base["pack"]["id"]
    return f"plant:{'' if own else rule.pack + '/'}{rule.id}"


def beside_mains(oracle: Oracle) -> Iterator[tuple[Rule, str]]:
    """Rules that judge another layer beside mains, layer by layer."""
    for rule in oracle.rules.rules:
        for layer in rule.toml["subjects"] if rule.near_mains else ():
            if layer != MAINS:
                yield rule, layer


def plants_of(oracle: Oracle, rule: Rule, layer: str, number: int) -> list[Feature]:
    """The subjects that prove a row."""
    start = f"{named(rule, oracle.rules)}:{number}:"
    return [one for one in oracle.layer(layer) if one.source_id.startswith(start)]


def main_of(oracle: Oracle, subject: Feature) -> Main:
    """The main that a subject was planted beside."""
    return oracle.mains[int(oracle.tree.nearest(subject.shape))]


@pytest.mark.parametrize("packs", PACKS)
def test_each_row_has_its_pairs_5_mm_either_side(
    packs: tuple[str, ...], oracle_of: OracleOf
) -> None:
    oracle = oracle_of(7, *packs) if packs != CITY_GAS else oracle_of(7)
    checked = 0
    for rule, layer in beside_mains(oracle):
        for number, row in expanded(rule):
            seen = set()
            for subject in plants_of(oracle, rule, layer, number):
                word = subject.source_id.removesuffix(":point").rpartition(":")[2]
                if word in SIDES and ":beyond-" not in subject.source_id:
                    wanted = number_proved(oracle, rule, row, subject)
                    _, gap = oracle.gap(rule, subject, main_of(oracle, subject))
                    assert gap == wanted + SIDES[word], subject.source_id
                    seen.add(word)
                    checked += 1
            assert seen == set(SIDES), (rule.id, number)
    assert checked >= 2 * sum(len(list(expanded(rule))) for rule, _ in beside_mains(oracle))


def number_proved(oracle: Oracle, rule: Rule, row: dict[str, Any], subject: Feature) -> int:
    """The limit, relaxation or beginning (0.1 mm) that a planted subject stands beside."""
    if ":over_m:" in subject.source_id:
        return ticks(row["over_m"])
    for one in rule.toml.get("relaxation", []):
        if f":relaxed-{one['id']}:" in subject.source_id:
            return ticks(one["limit_m"])
    main, method = main_of(oracle, subject), subject.text("method")
    said = asked(rule, main, oracle.rules, method, subject.number("depth_m"))
    return max(one.limit for one in said)


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_subjects_meet_no_other_main(seed: int, oracle_of: OracleOf) -> None:
    oracle = oracle_of(seed)
    mains: dict[str, set[str]] = {}
    for one in oracle.findings().values():
        if one.subject.startswith("plant:") and one.main and one.layer != MAINS:
            mains.setdefault(f"{one.layer} {one.subject}", set()).add(one.main)
    assert len(mains) > 600
    crowded = {
        name: those
        for name, those in mains.items()
        if len(those) > 1 or not all(one.startswith("plant:") for one in those)
    }
    assert crowded == {}


@pytest.mark.parametrize("packs", PACKS)
def test_what_is_inside_is_found_and_what_is_outside_is_not(
    packs: tuple[str, ...], oracle_of: OracleOf
) -> None:
    """But where a stronger rule of the family reaches as far, for every main that a row is for."""
    oracle = oracle_of(7, *packs) if packs != CITY_GAS else oracle_of(7)
    by_rule = {(one.layer, one.subject, one.pack, one.rule) for one in oracle.findings().values()}
    hidden = set()
    for rule, layer in beside_mains(oracle):
        for number, _ in expanded(rule):
            for subject in plants_of(oracle, rule, layer, number):
                name = subject.source_id
                if any(
                    word in name for word in (":relaxed-", ":over_m:", ":above-it", ":no-depth")
                ):
                    continue
                found = (layer, name, rule.pack, rule.id) in by_rule
                if ":above" in name or ":beyond-" in name:
                    assert not found, name
                elif not found:
                    hidden.add((rule.pack, rule.id))
    for pack, name in hidden:
        assert is_hidden(oracle, pack, name), (pack, name)
    if packs in HIDDEN:
        assert {name for _, name in hidden} == HIDDEN[packs]


def is_hidden(oracle: Oracle, pack: str, name: str) -> bool:
    """Whether a stronger rule of the family reaches as far for some main that a row is for."""
    mine = next(rule for rule in oracle.rules.rules if (rule.pack, rule.id) == (pack, name))
    for main in oracle.mains:
        limits = [ask.limit for ask in asked(mine, main, oracle.rules)]
        others = [
            ask.limit
            for rule in oracle.rules.rules
            if rule.family == mine.family and rule.strength >= mine.strength and rule is not mine
            for ask in asked(rule, main, oracle.rules)
        ]
        if limits and others and max(others) >= min(limits):
            return True
    return False


@pytest.mark.parametrize("seed", SEEDS)
def test_estates_are_planted_either_side_of_the_service_radius(
    seed: int, oracle_of: OracleOf
) -> None:
    oracle = oracle_of(seed)
    radius = ticks(oracle.rules.figures["shed_service_radius_m"] or 0)
    found = {
        one.subject: one
        for one in oracle.findings().values()
        if one.rule == "estate-without-shed" and one.subject.startswith("plant:estate-without")
    }
    assert set(found) == {"plant:estate-without-shed:above"}
    assert found["plant:estate-without-shed:above"].distance == radius + 50


@pytest.mark.parametrize("seed", SEEDS)
def test_neighbours_are_planted_either_side_of_their_limits(seed: int, oracle_of: OracleOf) -> None:
    oracle = oracle_of(seed)
    found = {(one.subject, one.rule): one for one in oracle.findings().values() if not one.main}
    rules = [rule for rule in oracle.rules.rules if rule.near_others]
    assert {rule.kind for rule in rules} <= set(DISTANCE_KINDS) and len(rules) >= 5
    for rule in rules:
        start = named(rule, oracle.rules)
        inside = found[f"{start}:below", rule.id]
        assert inside.certainty == "certain"
        touching = oracle.rules.limit(rule.rows[0]) == 0
        assert inside.distance == (0 if touching else (oracle.rules.limit(rule.rows[0]) or 0) - 50)
        assert (f"{start}:above", rule.id) not in found


def test_heights_are_planted_either_side_of_their_limits(oracle_of: OracleOf) -> None:
    found = {
        one.subject.split(":", 2)[2]: one.certainty
        for one in oracle_of(7).findings().values()
        if one.rule == "tall-building-water"
        and one.subject.startswith("plant:tall-building-water:")
    }
    assert found == {
        "all": "certain",
        "height_m:over:above": "certain",
        "possible_from:above": "possible",
        "certain_over:below": "possible",
        "certain_over:above": "certain",
        "use:missing": "possible",
        "water_system_state:missing": "possible",
    }


def test_classes_are_planted_on_and_beyond_their_boundaries(oracle_of: OracleOf) -> None:
    oracle = oracle_of(7)
    mains = {main.feature.source_id: main for main in oracle.mains}
    for system, levels in oracle.rules.systems.items():
        for weaker, stronger in pairwise(levels):
            start = f"plant:class:{system}:{weaker['id']}"
            closed = stronger.get("closed_below", False)
            at, beyond = mains[f"{start}:at"], mains[f"{start}:{'under' if closed else 'over'}"]
            both = (weaker["id"], stronger["id"])
            said = (at.classes[system], beyond.classes[system])
            assert said == (both[::-1] if closed else both)


def test_planted_points_stand_off_by_the_radius_of_the_pack() -> None:
    """A pack that assumes 2 m more moves every planted point by 2 m, and nothing else."""
    (pack,) = built_in(*CITY_GAS)
    wider = pack | {"pack": pack["pack"] | {"point_radius_m": pack["pack"]["point_radius_m"] + 2}}
    before = {(one.layer, one.source_id): one for one in plant([pack], (5e5, 3.4e6), "A")}
    moved = set()
    for one in plant([wider], (5e5, 3.4e6), "A"):
        if one.source_id.endswith(":point"):
            moved.add(one.source_id)
            assert one.shape.geom_type == "Point"
        elif one.layer != MAINS:
            assert before[one.layer, one.source_id].columns == one.columns
    assert len(moved) > 10
