"""Every rule of the national pack finds what it is about, and lets go a decimetre further on."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from conftest import owner
from gridwarden.settings import Settings
from rules.pack_rows import pack
from screening.conftest import insert, line, point, rectangle

ROW_M = 500.0
"""Scenes stand this far apart, out of each other's reach."""
Main = dict[str, Any]
L: Main = {"pressure_class": "L", "od_mm": 110.0}
MB: Main = {"pressure_class": "MB", "od_mm": 160.0, "material": "steel", "dn": 150.0}
MA: Main = {"pressure_class": "MA", "od_mm": 200.0, "material": "steel", "dn": 200.0}
SHB: Main = {"pressure_class": "SHB", "od_mm": 400.0}
SHA: Main = {"pressure_class": "SHA", "p_mop_mpa": 1.2, "od_mm": 400.0}
HIGH: Main = {
    "pressure_class": "HB",
    "p_mop_mpa": 2.5,
    "od_mm": 400.0,
    "dn": 400.0,
    "wall_mm": 10.0,
}
HA: Main = HIGH | {"pressure_class": "HA", "p_mop_mpa": 4.0}
TOWN: Main = HIGH | {"area_class": "3"}
COUNTRY: Main = HIGH | {"area_class": "1"}

LINES, STREET, LANES = "underground_lines", "street_objects", "fire_lanes"
SHEDS, HOMES = "charging_sheds", "rented_dwellings"
WATER, SEWER, HEAT = ({"kind": kind, "od_mm": 200.0} for kind in ("water", "sewer", "heat"))
GAS_200, GAS_400 = ({"kind": "gas_other", "dn": dn} for dn in (200.0, 400.0))
POLE, TOWER = ({"kind": "pole", "voltage_kv": kv} for kv in (10.0, 110.0))
LANE, CLIMBING, TURNING = ({"kind": k} for k in ("lane", "climbing_area", "turning_place"))
OPEN, TALL = {"status": "working"}, {"height_m": 40.0}

# rule, main, layer, shape, metres from the centreline at which it is met, columns
#   area: a rectangle; line: beside the main; point: the centre
NEAR = [
    ("zy-1-on-main", MB, "buildings", "area", 0.05, {}),
    ("zy-2-on-low-main", L, "buildings", "area", 0.05, {}),
    ("zy-3-protection-range", MA, "buildings", "area", 0.55, {}),
    ("zy-4-clearance", MA, "buildings", "area", 1.55, {}),
    ("zy-4-clearance-wall", SHA, "buildings", "area", 9.4, {}),
    ("high-pressure-area-1-2", COUNTRY, "buildings", "area", 23.1, {}),
    ("high-pressure-area-3", TOWN, "buildings", "area", 7.6, {}),
    ("shed-on-main", MB, SHEDS, "area", 0.05, {}),
    ("shed-on-low-main", L, SHEDS, "area", 0.05, {}),
    ("shed-protection-range", MA, SHEDS, "area", 0.55, {}),
    ("shed-clearance", MA, SHEDS, "area", 1.55, {}),
    ("shed-clearance-wall", SHB, SHEDS, "area", 5.1, {}),
    ("shed-high-pressure-area-1-2", COUNTRY, SHEDS, "area", 23.1, {}),
    ("shed-high-pressure-area-3", TOWN, SHEDS, "area", 7.6, {}),
    ("site-protection-range", SHB, "construction_sites", "area", 1.65, {}),
    ("site-control-range", SHB, "construction_sites", "area", 15.15, {}),
    ("work-protection-range", MA, "excavations", "area", 0.55, {"method": "mechanical"}),
    ("work-control-range", MA, "excavations", "area", 5.05, {"method": "hand"}),
    ("deep-dig", MA, "excavations", "area", 9.05, {"method": "piling", "depth_m": 9.0}),
    ("line-water", MA, LINES, "line", 0.65, WATER),
    ("line-sewer", MA, LINES, "line", 1.35, SEWER),
    *(
        (
            f"line-{what}-{laying}",
            main,
            LINES,
            "line",
            met,
            {"kind": kind, "laying": laying, "od_mm": 200.0},
        )
        for what, kind, laying, main, met in (
            ("power", "power_cable", "direct", MA, 0.65),
            ("power", "power_cable", "duct", MA, 1.15),
            ("comms", "comms_cable", "direct", MA, 0.65),
            ("comms", "comms_cable", "duct", MA, 1.15),
            ("heat", "heat", "direct", MA, 1.15),
            ("heat", "heat", "trench", MA, 1.65),
        )
    ),
    ("line-gas-small", MA, LINES, "line", 0.55, GAS_200),
    ("line-gas-large", MA, LINES, "line", 0.75, GAS_400),
    ("pole-upto-35kv", MA, STREET, "point", 1.05, POLE),
    ("pole-over-35kv", MA, STREET, "area", 2.05, TOWER),
    ("lighting-pole", MA, STREET, "point", 1.05, {"kind": "lighting_pole"}),
    ("railway-toe", MA, STREET, "area", 5.05, {"kind": "railway"}),
    ("tramway-rail", MA, STREET, "line", 2.05, {"kind": "tramway"}),
    ("zy-5-walled-in", MA, STREET, "area", 0.05, {"kind": "compound"}),
    ("zy-6-stockpile", MA, STREET, "area", 0.05, {"kind": "stockpile"}),
    ("zy-6-deep-roots", SHB, STREET, "point", 1.65, {"kind": "tree", "deep_rooted": True}),
    ("zy-6-tree", MA, STREET, "point", 0.8, {"kind": "tree", "deep_rooted": False}),
    ("zy-7-through-space", MA, "enclosed_spaces", "line", 0.05, {"kind": "drain"}),
    ("zy-7-through-basement", MA, "enclosed_spaces", "area", 0.05, {"kind": "basement"}),
    ("zy-7-near-space", MA, "enclosed_spaces", "area", 5.05, {"kind": "manhole"}),
    *(
        (f"high-pressure-{name}", main, layer, shape, met, columns)
        for name, main, layer, shape, met, columns in (
            ("water-cable", HIGH, LINES, "line", 1.75, WATER),
            ("sewer", HIGH, LINES, "line", 2.25, SEWER),
            ("heat-direct", HIGH, LINES, "line", 2.25, HEAT | {"laying": "direct"}),
            ("heat-trench", HIGH, LINES, "line", 4.25, HEAT | {"laying": "trench"}),
            ("gas-small", HIGH, LINES, "line", 0.65, GAS_200),
            ("gas-large", HIGH, LINES, "line", 0.85, GAS_400),
            ("pole-upto-35kv", HIGH, STREET, "point", 1.15, POLE),
            ("pole-over-35kv", HIGH, STREET, "area", 5.15, TOWER),
            ("lighting-pole", HIGH, STREET, "point", 1.15, {"kind": "lighting_pole"}),
            ("railway-toe", HA, STREET, "area", 8.15, {"kind": "railway"}),
            ("tramway-rail", HA, STREET, "line", 4.15, {"kind": "tramway"}),
            ("tree", HIGH, STREET, "point", 1.35, {"kind": "tree"}),
        )
    ),
]
CROSSING = [
    ("cross-pipe", SEWER, 0.15),
    ("cross-cable-direct", {"kind": "power_cable", "laying": "direct", "od_mm": 100.0}, 0.5),
    ("cross-cable-duct", {"kind": "comms_cable", "laying": "duct", "od_mm": 100.0}, 0.15),
]
SINGLE = [
    (
        "tall-building-water",
        "buildings",
        {"use": "住宅", "height_m": 21.1, "water_system_state": "fault"},
        {"water_system_state": "ok"},
    ),
    (
        "tall-building-water-other",
        "buildings",
        {"use": "商铺", "height_m": 21.1, "water_system_state": "none"},
        {"height_m": 21.0},
    ),
    ("fire-lane-blocked", LANES, LANE | {"state": "blocked"}, {"state": "ok"}),
    ("fire-lane-occupied", LANES, LANE | {"state": "occupied"}, {"state": "ok"}),
    ("fire-lane-narrow", LANES, LANE | {"width_m": 3.9}, {"width_m": 4.0}),
    ("fire-lane-low", LANES, LANE | {"clear_height_m": 3.9}, {"clear_height_m": 4.0}),
    ("climbing-area-blocked", LANES, CLIMBING | {"state": "occupied"}, {"state": "ok"}),
    ("climbing-area-narrow", LANES, CLIMBING | {"width_m": 9.9}, {"width_m": 10.0}),
    ("climbing-area-short", LANES, CLIMBING | {"length_m": 14.9}, {"length_m": 15.0}),
    ("turning-place-small", LANES, TURNING | {"width_m": 11.9}, {"width_m": 12.0}),
    ("fire-lane-dead-end", LANES, LANE | {"dead_end": True, "length_m": 40.1}, {"length_m": 40.0}),
    ("rental-partition", HOMES, {"partition_added": True}, {"partition_added": False}),
    ("rental-room-not-lettable", HOMES, {"let_room": "kitchen"}, {"let_room": "bedroom"}),
]
UNASKED = [
    # what nobody recorded of it is no finding
    (LANES, LANE),
    (LANES, CLIMBING),
    (LANES, TURNING),
    (LANES, LANE | {"length_m": 90.0}),
    (LANES, {"width_m": 6.0, "length_m": 12.0, "clear_height_m": 4.5}),
    (HOMES, {"area_m2": 60.0}),
    (HOMES, {}),
]
"""Layers and columns."""
ASKED = [
    # what is known to be wrong stays, even if something else is not on record
    ("climbing-area-blocked", LANES, {"state": "blocked"}),
    ("fire-lane-narrow", LANES, {"width_m": 3.9}),
    ("fire-lane-dead-end", LANES, LANE | {"dead_end": True}),
    ("tall-building-water", "buildings", {"use": "住宅", "height_m": 30.0}),
]
BESIDE = [
    ("shed-near-building", SHEDS, OPEN, 5.9, "buildings", {"height_m": 12.0}, 6.0),
    ("shed-near-high-rise", SHEDS, OPEN, 8.9, "buildings", TALL, 9.0),
    ("shed-beside-sensitive-building", SHEDS, OPEN, 0.0, "buildings", {"use": "幼儿园"}, 6.0),
    ("high-rise-spacing", "buildings", TALL, 12.9, "buildings", TALL, 13.0),
    ("shed-in-fire-lane", SHEDS, OPEN, 0.0, LANES, {"kind": "lane"}, 0.1),
    ("shed-in-climbing-area", SHEDS, OPEN, 0.0, LANES, {"kind": "climbing_area"}, 0.1),
]
SURE = {"accuracy_m": 0.0}


class Stage:
    """A city in which scenes are drawn and judged."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.row = 0.0
        self.wanted: dict[tuple[str, str, int], str] = {}
        self.unwanted: set[tuple[str, str, int]] = set()
        self.silent: set[tuple[str, int]] = set()
        self.open: set[tuple[str, str, int]] = set()

    def scene(self) -> float:
        """The y of a new scene."""
        self.row += ROW_M
        return self.row

    def add(self, layer: str, wkt: str, columns: dict[str, Any]) -> int:
        return insert(self.connection, layer, wkt, SURE | columns)

    def judged(self) -> dict[tuple[str, str, int], dict[str, Any]]:
        """Every finding of every statement, by rule, layer and subject."""
        found = {}
        with self.connection.cursor(row_factory=dict_row) as cursor:
            for one in cursor.execute("select sql from data.statements()").fetchall():
                for row in cursor.execute(one["sql"]).fetchall():
                    found[row["rule"], row["layer"], row["subject_id"]] = row
        return found


def shape(kind: str, y: float, away: float) -> str:
    if kind == "area":
        return rectangle(45, y + away, 52, y + away + 5)
    return line((40, y + away), (60, y + away)) if kind == "line" else point(50, y + away)


@pytest.fixture(scope="module")
def judged(module_city: Settings) -> Iterator[tuple[Stage, dict[Any, Any]]]:
    """Every rule's scene twice: where it is met, and a decimetre (or one unit) further."""
    with owner(module_city) as connection:
        stage = Stage(connection)
        for name, main, layer, kind, met, columns in NEAR:
            for away, expected in ((met, True), (met + 0.1, False)):
                y = stage.scene()
                stage.add("gas_pipelines", line((0, y), (100, y)), main)
                expect(
                    stage, name, layer, expected, stage.add(layer, shape(kind, y, away), columns)
                )
        for name, columns, gap in CROSSING:
            for apart, expected in ((gap - 0.01, True), (gap, False)):
                y = stage.scene()
                top = 1.0 + columns["od_mm"] / 1000 + apart
                stage.add("gas_pipelines", line((0, y), (100, y)), MA | {"depth_top_m": top})
                over = line((50, y - 30), (50, y + 30))
                one = stage.add("underground_lines", over, columns | {"depth_top_m": 1.0})
                expect(stage, name, "underground_lines", expected, one)
        for name, layer, columns, good in SINGLE:
            for told, expected in ((columns, True), (columns | good, False)):
                y = stage.scene()
                expect(stage, name, layer, expected, stage.add(layer, shape("area", y, 0), told))
        for name, layer, own, near, other, columns, far in BESIDE:
            for away, expected in ((near, True), (far, False)):
                y = stage.scene()
                stage.add(other, rectangle(45, y + 5 + away, 52, y + 12 + away), columns)
                expect(stage, name, layer, expected, stage.add(layer, shape("area", y, 0), own))
        for layer, told in UNASKED:
            stage.silent.add((layer, stage.add(layer, shape("area", stage.scene(), 0), told)))
        for name, layer, told in ASKED:
            one = stage.add(layer, shape("area", stage.scene(), 0), told)
            stage.open.add((name, layer, one))
        unknown_objects(stage)
        mains(stage)
        estates(stage)
        yield stage, stage.judged()


def expect(stage: Stage, name: str, layer: str, expected: bool, subject: int) -> None:
    if expected:
        stage.wanted[name, layer, subject] = name
    else:
        stage.unwanted.add((name, layer, subject))


def unknown_objects(stage: Stage) -> None:
    """Of an object of unknown kind, a rule asks only where it stands on a main."""
    for away in (0.05, 0.75):
        y = stage.scene()
        stage.add("gas_pipelines", line((0, y), (100, y)), MA)
        one = stage.add(STREET, shape("area", y, away), {})
        if away < 0.1:
            stage.open.add(("zy-6-stockpile", STREET, one))
        else:
            stage.silent.add((STREET, one))


def mains(stage: Stage) -> None:
    """Main beside main, main across main, and a main through a village."""
    for away, expected in ((0.59, True), (0.61, False)):
        y = stage.scene()
        one = stage.add("gas_pipelines", line((0, y), (100, y)), MA)
        stage.add("gas_pipelines", line((0, y + away), (100, y + away)), MA)
        expect(stage, "main-beside-main", "gas_pipelines", expected, one)
    for apart, expected in ((0.14, True), (0.15, False)):
        y = stage.scene()
        one = stage.add("gas_pipelines", line((0, y), (100, y)), MA | {"depth_top_m": 1.0})
        across = line((50, y - 30), (50, y + 30))
        stage.add("gas_pipelines", across, MA | {"depth_top_m": 1.2 + apart})
        expect(stage, "main-crosses-main", "gas_pipelines", expected, one)
    for count, expected in ((13, True), (12, False)):
        y = stage.scene()
        one = stage.add("gas_pipelines", line((0, y), (100, y)), HIGH | {"area_class": "1"})
        stage.add("buildings", rectangle(40, y + 60, 60, y + 70), {"households": count})
        expect(stage, "area-class-too-low", "gas_pipelines", expected, one)


def estates(stage: Stage) -> None:
    """An estate within reach of a main, and one without a shed."""
    for away, expected in ((59.9, True), (70.0, False)):
        y = stage.scene()
        main = {"pressure_class": "SHA", "p_mop_mpa": 1.6, "dn": 480.0, "od_mm": 480.0}
        stage.add("gas_pipelines", line((0, y), (100, y)), main)
        estate = stage.add("estates", shape("area", y, away), {"households": 100})
        expect(stage, "people-within-impact-radius", "estates", expected, estate)
    for away, expected in ((300.1, True), (299.9, False)):
        x, y = 5_000.0, stage.scene()
        estate = stage.add("estates", rectangle(x, y, x + 10, y + 10), {})
        shed = rectangle(x + 10 + away, y, x + 15 + away, y + 5)
        stage.add("charging_sheds", shed, {"status": "working"})
        stage.add("charging_sheds", rectangle(x, y + 20, x + 5, y + 25), {"status": "closed"})
        expect(stage, "estate-without-shed", "estates", expected, estate)


def test_every_rule_of_the_pack_has_a_scene(judged: tuple[Stage, dict[Any, Any]]) -> None:
    stage, _ = judged
    unset = {"rental-area", "rental-room"}
    assert {name for name, _, _ in stage.wanted} == {
        one["rule"] for one in pack("cn-city-gas")["rules"] if one["rule"] not in unset
    }


def test_every_rule_finds_what_it_is_about(judged: tuple[Stage, dict[Any, Any]]) -> None:
    stage, found = judged
    missed = sorted(name for name, layer, one in stage.wanted if (name, layer, one) not in found)
    assert missed == []


def test_every_rule_lets_go_where_its_number_is_kept(judged: tuple[Stage, dict[Any, Any]]) -> None:
    stage, found = judged
    assert sorted(name for name, layer, one in stage.unwanted if (name, layer, one) in found) == []


def test_whole_records_make_certain_findings(judged: tuple[Stage, dict[Any, Any]]) -> None:
    stage, found = judged
    unsure = {
        (name, tuple(found[name, layer, one]["missing"]))
        for name, layer, one in stage.wanted
        if (name, layer, one) in found and found[name, layer, one]["certainty"] != "certain"
    }
    assert unsure == set()


def test_what_nobody_recorded_is_asked_about_only_where_a_rule_wants_to_know(
    judged: tuple[Stage, dict[Any, Any]],
) -> None:
    stage, found = judged
    assert {(layer, one) for _, layer, one in found} & stage.silent == set()
    for name, layer, one in stage.open:
        assert found[name, layer, one]["certainty"] == "possible", name
        assert found[name, layer, one]["missing"], name


def test_what_no_city_has_set_judges_nobody(judged: tuple[Stage, dict[Any, Any]]) -> None:
    _, found = judged
    assert not {"rental-area", "rental-room"} & {name for name, _, _ in found}


@pytest.mark.parametrize(
    ("pressure", "gb55009", "gb50028"),
    [
        (0.009999, "L", "L"),
        (0.01, "L", "MB"),
        (0.010001, "MB", "MB"),
        (0.2, "MB", "MB"),
        (0.200001, "MA", "MA"),
        (0.4, "MA", "MA"),
        (0.8, "SHB", "SHB"),
        (1.6, "SHA", "SHA"),
        (1.600001, "HB", "HB"),
        (2.5, "HB", "HB"),
        (4.0, "HA", "HA"),
        (4.000001, "XH", "XH"),
    ],
)
def test_each_boundary_belongs_to_the_class_that_the_code_says(
    module_city: Settings, pressure: float, gb55009: str, gb50028: str
) -> None:
    with owner(module_city) as connection:
        found = connection.execute(
            "select data.class_in('gb55009', null, %s), data.class_in('gb50028', null, %s)",
            (pressure, pressure),
        ).fetchone()
    assert found == (gb55009, gb50028)
