"""Nobody learns where a main is by bringing things and looking which of them is found."""

from pathlib import Path

import pytest

from conftest import owner
from gridwarden.database import ADMINISTRATORS
from gridwarden.layers.catalogue import layers
from gridwarden.migrations.declared import declared
from gridwarden.rules import BadPackError, load, load_built_in
from gridwarden.rules.format import AGAINST_MAINS
from gridwarden.rules.reading import built_in_packs
from gridwarden.settings import Settings

SAY_NOTHING = ("api.sees_finding(", "api.veils_finding(", "api.at_findings(")
"""They judge what their caller hands them, or tell the moment asked for; they read no finding."""


COUNTS = ("api.finding_count", "api.finding_cell")
"""They count all findings, whoever asks."""


def seers() -> set[str]:
    """Roles that may touch anything that is made of findings."""
    said = declared()
    things = [*said.relations.items(), *said.functions.items()]
    return {
        role
        for name, roles in things
        if "finding" in name and name.startswith("api.") and not name.startswith(SAY_NOTHING)
        for role, privileges in roles.items()
        if privileges
    }


def judged() -> set[str]:
    """Layers that a shipped pack judges by the distance to a main."""
    packs = [load(path).pack for path in built_in_packs()]
    rules = [rule for pack in packs for rule in pack.rule]
    return {layer for r in rules if r.kind in AGAINST_MAINS for layer in r.subjects}


def test_who_brings_what_is_judged_against_mains_sees_mains_or_no_finding() -> None:
    assert {"planner", "inspector", "dispatcher"} <= seers()
    assert {"buildings", "construction_sites", "charging_sheds"} <= judged()
    readers = set(layers()["gas_pipelines"].readers)
    for layer in judged():
        for role in layers()[layer].importers:
            assert role in readers or role not in seers(), (layer, role)
    assert not seers() & set(ADMINISTRATORS)


def test_who_brings_what_is_judged_against_mains_reads_no_count_of_all_findings() -> None:
    """Who reads some mains alone brings things beside others: a count that grows is a distance."""
    said = declared()
    things = {**said.relations, **said.functions}
    counts = [name for name in things if name.startswith(COUNTS)]
    assert len(counts) == 4
    bringers = {role for layer in judged() for role in layers()[layer].importers}
    for name in counts:
        assert not bringers & {r for r, privileges in things[name].items() if privileges}, name


def test_the_kinds_that_measure_mains_are_the_compiled_ones(module_city: Settings) -> None:
    """A kind that is not among them finds nothing that is tied to a main."""
    with owner(module_city) as c:
        rows = c.execute(
            "select distinct kind from data.rule where subjects <> '{}'"
            " and (counterpart = 'gas_pipelines' or test ? 'location')"
        ).fetchall()
    assert {kind for (kind,) in rows} == set(AGAINST_MAINS)


def test_a_pack_that_makes_probes_is_refused(tmp_path: Path) -> None:
    text = load_built_in("cn-shanghai").documents["cn-shanghai.toml"]
    probing = tmp_path / "probing.toml"
    old = 'kind = "protection"\nsubjects = ["buildings"]'
    assert text.count(old) == 1
    probing.write_text(text.replace(old, 'kind = "protection"\nsubjects = ["roads"]'), "utf-8")
    with pytest.raises(BadPackError, match=r"planner may import it"):
        load(probing)


def test_rights_are_given_by_the_administrator_alone() -> None:
    for layer in ("districts", "organisations"):
        assert layers()[layer].importers == ("administrator",)


def test_the_database_knows_what_the_files_say(module_city: Settings) -> None:
    with owner(module_city) as c:
        rows = c.execute("select id, secret, importers from data.layer").fetchall()
    assert {i: (secret, tuple(roles)) for i, secret, roles in rows} == {
        one.id: (one.secret, one.importers) for one in layers().values()
    }
