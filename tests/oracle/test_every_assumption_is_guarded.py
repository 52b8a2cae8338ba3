"""Classes, diameters, figures, conditions, strips: each moved a step makes the oracle disagree."""

from collections.abc import Iterator
from typing import Any

import pytest

from conftest import owner
from gridwarden.settings import Settings

from .conftest import CITY_GAS, OracleOf, SampleCity, bring_in
from .guarding import CM, Guarded, proofs

pytestmark = pytest.mark.deep

SETS = {"cn-city-gas": CITY_GAS, "uk": ("uk",), "us-ca": ("us", "us-ca")}
PASCAL = 1e-6
ENDS = ("over", "upto", "from", "under")
UNTOLD = {("gb-gas", "LP")}
"""Between low and medium pressure no British rule draws a line."""
OVERRULED = {
    # one just past the bound is asked more by the rule that begins there
    *(
        (rule, key, 1)
        for rule, key in (
            ("line-gas-small", "upto"),
            ("high-pressure-gas-small", "upto"),
            ("pole-upto-35kv", "upto"),
            ("high-pressure-pole-upto-35kv", "upto"),
        )
    ),
    # inside the protection range of 0.5 m, which is stronger
    ("low-stability", "limit_m", 1),
    ("low-stability", "limit_m", -1),
    ("medium-measures", "limit_m", -1),
}


@pytest.fixture(
    scope="module",
    params=SETS,
)
def guarded(
    request: pytest.FixtureRequest,
    installation: Settings,
    sample_city: SampleCity,
    oracle_of: OracleOf,
) -> Iterator[Guarded]:
    """A city whose field proves the numbers of these packs."""
    packs = SETS[request.param]
    chosen = () if packs == CITY_GAS else packs
    bring_in(installation, sample_city(7, *chosen), *chosen)
    with owner(installation) as connection:
        connection.execute("analyze")  # nothing below is committed, so nothing else will
        connection.commit()
        oracle = oracle_of(7, *chosen)
        base = oracle.rules.base["pack"]["id"]
        yield Guarded(connection, oracle.findings(), base, frozenset(packs), request.param)


def names(guarded: Guarded) -> set[str]:
    """The subjects about which the statements and the oracle disagree now."""
    return {name for _, _, *both in guarded.disagrees() for name in both if name}


def test_every_class_boundary_is_guarded(guarded: Guarded) -> None:
    """Boundaries that move by 1 Pa, either way, are seen: each has a main on it and one beyond."""
    boundaries = guarded.connection.execute(
        "select c.system, c.class, n.closed_below from data.rule_class c"
        " join data.rule_class n on n.pack = c.pack and n.system = c.system and n.rank = c.rank + 1"
    ).fetchall()
    judged_by = {
        system
        for (system,) in guarded.connection.execute(
            "select distinct r.classes from data.rule r join data.rule_row w on w.rule_id = r.id"
            " where r.in_force and w.pressure_class is not null and r.kind <> 'consequence'"
        )
    }
    assert boundaries
    for by in (PASCAL, -PASCAL):
        change = (
            "update data.rule_class c set upto_mpa = upto_mpa + case when exists (select from"
            " data.rule_class n where n.system = c.system and n.rank = c.rank + 1)"
            " then %s::numeric else 0 end,"
            " over_mpa = over_mpa + case when rank > 0 then %s::numeric else 0 end"
        )
        with guarded.moved((change, (by, by))):
            seen = names(guarded)
        for system, name, closed in boundaries:
            # a closed class begins at its boundary, any other just beyond
            word = ("at" if by > 0 else "under") if closed else ("over" if by > 0 else "at")
            if system in judged_by and (system, name) not in UNTOLD:
                assert f"plant:class:{system}:{name}:{word}" in seen, (system, name, by)


def test_every_outer_diameter_is_guarded(guarded: Guarded) -> None:
    """Each line of the diameter tables, 1 cm thicker or thinner, is seen in a distance."""
    sizes = guarded.connection.execute(
        "select material, dn from data.rule_outer_diameter where pack = %s", (guarded.base,)
    ).fetchall()
    assert len(sizes) > 10
    for by in (10, -10):
        with guarded.moved(("update data.rule_outer_diameter set od_mm = od_mm + %s", (by,))):
            seen = names(guarded)
        for material, dn in sizes:
            assert f"plant:od:{material}:{float(dn):g}" in seen, (material, dn, by)


@pytest.mark.parametrize(
    ("column", "by", "mark"),
    [
        ("missing_od_mm", 10, "plant:od:steel:missing"),
        ("missing_od_mm", -10, "plant:od:steel:missing"),
        ("point_radius_m", CM, ":point"),
        ("point_radius_m", -CM, ":point"),
    ],
)
def test_what_stands_in_for_the_unknown_is_guarded(
    guarded: Guarded, column: str, by: float, mark: str
) -> None:
    with guarded.moved((f"update data.rule_pack set {column} = {column} + %s", (by,))):
        assert any(mark in name for name in names(guarded))


def test_every_figure_is_guarded(guarded: Guarded) -> None:
    """A figure that some rule in force uses, moved by 1 cm, or by 0.2 people."""
    figures = guarded.connection.execute(
        "select distinct f.id, f.unit from data.rule_figure f"
        " join data.rule_pack p on p.id = f.pack and p.version = f.version and p.in_force"
        " where data.figure(f.id) is not null and f.unit is not null"
    ).fetchall()
    assert bool(figures) == (guarded.name != "uk")
    for name, unit in figures:
        step = 0.2 if unit == "persons" else CM
        for by in (step, -step):
            change = "update data.rule_figure set value = value + %s where id = %s"
            with guarded.moved((change, (by, name))):
                seen = names(guarded)
            assert any(one.startswith("plant:") for one in seen), (name, by)


def rules_with(guarded: Guarded, what: str) -> list[tuple[int, str, str, Any]]:
    """Id, pack, rule and this part of every rule in force that has it."""
    return guarded.connection.execute(
        f"select id, pack, rule, {what} from data.rule"
        f" where in_force and subjects <> '{{}}' and {what} is not null"
        f" and data.unset_figures(id) = '{{}}' order by id"
    ).fetchall()


def moved_in(guarded: Guarded, rule_id: int, path: list[str], by: float) -> set[str]:
    """Plants about which its findings change when one number of a rule moves."""
    change = (
        "update data.rule set test = jsonb_set(test, %s,"
        " to_jsonb((test #>> %s)::numeric + %s::numeric)) where id = %s"
    )
    with guarded.moved((change, (path, path, by, rule_id)), mains=False):
        found = guarded.disagrees({rule_id})
    pack, rule = guarded.connection.execute(
        "select pack, rule from data.rule where id = %s", (rule_id,)
    ).fetchone() or ("", "")
    return {key[2] for key in proofs(found, "plant:", pack, rule)}


def test_every_number_of_a_condition_is_guarded(guarded: Guarded) -> None:
    """Heights, widths, voltages, diameters: by 0.01; what is estimated, too."""
    checked, unseen = 0, set()
    for side in ("where", "counterpart_where"):
        for rule_id, pack, rule, conditions in rules_with(guarded, f"test -> '{side}'"):
            for at, condition in enumerate(conditions):
                paths = [[key] for key in ENDS if isinstance(condition.get(key), int | float)]
                keys = ("factor", "possible_from", "certain_over")
                paths += [["estimate", key] for key in keys if "estimate" in condition]
                for path in paths:
                    for by in (CM, -CM):
                        seen = moved_in(guarded, rule_id, [side, str(at), *path], by)
                        start = guarded.named(pack, rule)
                        if not any(name.startswith(start) for name in seen):
                            unseen.add((rule, path[-1], 1 if by > 0 else -1))
                        checked += 1
    assert unseen <= OVERRULED
    assert checked >= (40 if guarded.name == "cn-city-gas" else 0)


def test_every_number_of_a_strip_is_guarded(guarded: Guarded) -> None:
    """Class of a location: units by 1, the strip's width and length by 1 cm."""
    for rule_id, pack, rule, said in rules_with(guarded, "test -> 'location'"):
        paths = [(["location", "each_side_m"], CM), (["location", "along_m"], CM)]
        paths += [
            (["location", "classes", str(at), "upto"], 1.0)
            for at, step in enumerate(said["classes"])
            if step.get("upto") is not None
        ]
        for path, step in paths:
            for by in (step, -step):
                seen = moved_in(guarded, rule_id, path, by)
                start = guarded.named(pack, rule)
                assert any(name.startswith(start) for name in seen), (rule, path, by)


def test_every_relaxation_is_guarded(guarded: Guarded) -> None:
    """Its limit by 1 cm and its wall by 0.1 mm, whether it needs an agreement or not."""
    unseen = set()
    for rule_id, pack, rule, relaxations in rules_with(guarded, "relaxations"):
        for at, one in enumerate(relaxations):
            steps = [("limit_m", CM)]
            steps += [("wall_min_mm", 0.1)] if one.get("wall_min_mm") is not None else []
            for key, step in steps:
                for by in (step, -step):
                    path = [str(at), key]
                    change = (
                        "update data.rule set relaxations = jsonb_set(relaxations, %s,"
                        " to_jsonb((relaxations #>> %s)::numeric + %s::numeric)) where id = %s"
                    )
                    with guarded.moved((change, (path, path, by, rule_id)), mains=False):
                        found = guarded.disagrees({rule_id})
                    if not proofs(found, guarded.named(pack, rule), pack, rule):
                        unseen.add((one["id"], key, 1 if by > 0 else -1))
    assert unseen <= OVERRULED
