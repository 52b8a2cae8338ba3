"""A register is a layer file, its migration, rules in a pack, words and rows of the sample city.

No Python, SQL or page of the service knows one by name: what works for one works for the next.
"""

import re
from pathlib import Path

import pytest

import gridwarden
from gridwarden.hazards.cases.categories import OF_FAMILY, categories_of
from gridwarden.layers.catalogue import Column, Layer, Words, layers
from rules.pack_rows import pack

HOUSE = Path(gridwarden.__file__).parent
SHARED = (".py", ".sql", ".html", ".js")
NEW = (
    "building_water_systems",
    "liquid_fuel_users",
    "gas_supply_stations",
    "indoor_gas_inspections",
    "property_companies",
    "petitions",
)
RULES = pack("cn-registers")["rules"]


def shared_files() -> list[Path]:
    """What every register goes through: all but their own files and the sample city."""
    own = {f"{name}.py" for name in NEW} | {"registers.py"}
    return [
        file
        for file in HOUSE.rglob("*")
        if file.suffix in SHARED
        and not (file.parent.name in ("layers", "sample") and file.name in own)
        and not re.match(r"m\d+_(" + "|".join(NEW) + r")\b", file.name)
    ]


def test_no_shared_code_names_a_register_or_its_rules() -> None:
    named = re.compile(
        r"\b("
        + "|".join([*NEW, *{r["family"] for r in RULES}, *(r["rule"] for r in RULES)])
        + r")\b"
    )
    files = shared_files()
    assert len(files) > 500
    found = {
        str(file.relative_to(HOUSE)) for file in files if named.search(file.read_text("utf-8"))
    }
    assert found == set()


def test_every_register_is_judged_and_its_findings_are_of_a_kind() -> None:
    registers = {one.id for one in layers().values() if one.register}
    assert registers == {*NEW, "rented_dwellings", "fire_lanes"}
    families = {(r["family"], s) for r in RULES for s in r["subjects"]}
    assert {layer for _, layer in families} == set(NEW)
    kinds = categories_of(families)
    assert {kinds[f] for f, _ in families} == {
        "water_system",
        "liquid_fuel",
        "gas",
        "property",
        "petition",
    }
    # what a table says of a family goes before what a layer says; nobody's family is nobody's
    assert categories_of({("fire_lane", "petitions")})["fire_lane"] == OF_FAMILY["fire_lane"]
    assert "unheard" not in categories_of({("unheard", "roads")})


def test_house_rules_say_so_and_cite_nothing() -> None:
    for one in RULES:
        assert (one["clause"], one["edition"], one["certainty"]) == ("", "", "design")
        assert one["text"]["en"].startswith("House rule: ")
        assert one["text"]["zh"].startswith("内部规则：")
        assert "house rule" in one["source"]
    figures = pack("cn-registers")["figures"]
    assert figures and all(one["value"] is None for one in figures)


def layer_with(**more: object) -> Layer:
    told = {"readers": {"supervisor": "all", "planner": "all"}, "importers": ("supervisor",)}
    kept = Column("phone", "text", Words("phone", "电话"), known_to=("supervisor",))
    return Layer("toys", Words("Toys", "玩具"), "any", (kept,), **(told | more))  # type: ignore[arg-type]


def test_who_brings_a_kept_column_knows_it() -> None:
    assert layer_with().known_to == ("supervisor",)
    with pytest.raises(ValueError, match="bring phone"):
        layer_with(importers=("supervisor", "planner"))
    with pytest.raises(ValueError, match="does not read"):
        layer_with(readers={"planner": "all"}, importers=("administrator",))
    with pytest.raises(ValueError, match="placed_by"):
        layer_with(placed_by=(("estate", "estates"),))
