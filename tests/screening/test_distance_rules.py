"""What the built-in pack says of features near mains, number by number.

Gaps are metres from the main's outer edge: the default main runs along y = 0.
"""

from decimal import Decimal
from typing import Any

import pytest

from .conftest import STEEL_MA, SURE, DrawnCity, X, Y, line, point, rectangle

PE_110 = {"material": "pe", "dn": 110.0, **SURE}
L110 = {"pressure_class": "L", **PE_110}
MB160 = {"pressure_class": "MB", "material": "pe", "dn": 160.0, **SURE}
SHB = {"p_mop_mpa": 0.8, "material": "steel", "od_mm": 323.9, **SURE}

WALLS = [
    (L110, 0.80, None, None, "0.745"),
    (L110, 0.74, "zy-4-clearance", "general", "0.685"),
    (MB160, 1.10, None, None, "1.020"),
    (STEEL_MA, 1.40, "zy-4-clearance", "general", "1.2905"),
    (STEEL_MA, 0.55, "zy-3-protection-range", "serious", "0.4405"),
    (SHB, 5.10, "zy-4-clearance-wall", "general", "4.9381"),
    (SHB, 5.17, None, None, "5.0081"),
]


@pytest.mark.parametrize(("main", "distance", "rule", "severity", "gap"), WALLS)
def test_a_wall_is_measured_from_the_outer_edge(
    drawn: DrawnCity,
    main: dict[str, Any],
    distance: float,
    rule: str | None,
    severity: str | None,
    gap: str,
) -> None:
    drawn.main(**main)
    wall = drawn.wall(distance)
    found = drawn.screen()
    if rule is None:
        assert found == []
        return
    (one,) = found
    assert (one["rule"], one["severity"], one["certainty"]) == (rule, severity, "certain")
    assert (one["layer"], one["subject_id"], one["family"]) == (
        "buildings",
        wall,
        "main_encroachment",
    )
    # OD 323.9 is 161.95 mm of radius: the gap is rounded to 0.1 mm, half away from zero.
    assert abs(one["distance_m"] - Decimal(gap)) <= Decimal("0.0001")
    assert one["margin_m"] == one["distance_m"] - one["required_m"]
    assert one["distance_band"] == "0-5"
    assert one["verified"] is False


@pytest.mark.parametrize(
    ("main", "rule", "severity", "gap"),
    [
        (STEEL_MA, "zy-1-on-main", "major", "-0.1095"),
        (L110, "zy-2-on-low-main", "general", "-0.0550"),
    ],
)
def test_a_structure_on_a_main_tells_length_and_area(
    drawn: DrawnCity, main: dict[str, Any], rule: str, severity: str, gap: str
) -> None:
    drawn.main(**main)
    drawn.add("buildings", rectangle(40, -5, 60, 5), **SURE)
    (one,) = drawn.screen()
    assert (one["rule"], one["severity"], one["certainty"]) == (rule, severity, "certain")
    assert one["distance_m"] == Decimal(gap)
    assert one["pressed_length_m"] == Decimal("20.0000")
    assert one["pressed_area_m2"] == 20 * 2 * -Decimal(gap)


def test_a_wall_that_touches_only_the_pipe_presses_an_area_and_no_length(
    drawn: DrawnCity,
) -> None:
    drawn.main(**STEEL_MA)
    drawn.wall(0.05)
    (one,) = drawn.screen()
    assert one["rule"] == "zy-1-on-main"
    assert one["pressed_length_m"] == 0
    assert abs(one["pressed_area_m2"] - Decimal("1.19")) < Decimal("0.001")


@pytest.mark.parametrize(
    ("gap", "rule"), [(4.99, "site-control-range"), (5.00, "site-control-range"), (5.01, None)]
)
def test_the_end_of_a_control_range_belongs_to_it(
    drawn: DrawnCity, gap: float, rule: str | None
) -> None:
    drawn.main(**STEEL_MA)
    drawn.wall(gap + 0.1095, "construction_sites")
    assert [f["rule"] for f in drawn.screen()] == ([rule] if rule else [])


def test_an_uncertain_position_is_possible_and_never_clear(drawn: DrawnCity) -> None:
    drawn.main(**{**STEEL_MA, "accuracy_m": 0.6})
    drawn.wall(1.70 + 0.1095, accuracy_m=0.2)
    (one,) = drawn.screen()
    assert (one["rule"], one["certainty"]) == ("zy-4-clearance", "possible")
    assert one["accuracy_m"] == Decimal("0.6325")
    assert one["margin_m"] == Decimal("0.2000")


@pytest.mark.parametrize(
    ("inside_m", "certainty"), [(0.10, "possible"), (0.18, "possible"), (0.20, "certain")]
)
def test_a_main_deep_under_a_house_is_certain_whatever_its_radius(
    drawn: DrawnCity, inside_m: float, certainty: str
) -> None:
    """± 0.3 m: the pipe's edge stays under the house from 0.3 - 0.1095 m inside the wall on."""
    drawn.main(**{**STEEL_MA, "accuracy_m": 0.3})
    drawn.add("buildings", rectangle(40, -inside_m, 60, 10), **SURE)
    (one,) = drawn.screen()
    assert (one["rule"], one["certainty"]) == ("zy-1-on-main", certainty)
    assert one["distance_m"] == Decimal("-0.1095")


def test_a_missing_accuracy_counts_a_metre_and_caps_at_possible(drawn: DrawnCity) -> None:
    drawn.main(**{**STEEL_MA, "accuracy_m": None})
    drawn.wall(0.3)
    drawn.wall(2.51 + 0.1095)
    (near,) = drawn.screen()
    assert (near["certainty"], near["accuracy_m"]) == ("possible", Decimal("1.0000"))
    assert (near["rule"], near["missing"]) == ("zy-1-on-main", [])


def test_a_missing_class_is_judged_by_the_strictest_numbers(drawn: DrawnCity) -> None:
    drawn.main(**{**STEEL_MA, "pressure_class": None, "area_class": "3", "wall_mm": 12.0})
    drawn.wall(13.4 + 0.1095)
    drawn.add("buildings", rectangle(10, -2, 20, 2), **SURE)
    drawn.screen()
    clearance, pressing = drawn.findings("main_encroachment")
    assert (clearance["rule"], clearance["certainty"]) == ("zy-4-clearance-wall", "possible")
    assert clearance["required_m"] == Decimal("13.5")
    assert (pressing["rule"], pressing["severity"]) == ("zy-1-on-main", "major")
    assert pressing["certainty"] == "possible"
    assert {f["pressure_class"] for f in (clearance, pressing)} == {"unknown"}
    assert clearance["missing"] == ["p_mop_mpa", "pressure_class"]


def test_a_class_follows_from_the_pressure_unless_it_is_stated(drawn: DrawnCity) -> None:
    """0.01 MPa, as a float's product, is low pressure by GB 55009 and medium B by GB 50028."""
    drawn.main(**{**STEEL_MA, "pressure_class": None, "p_mop_mpa": 0.1 * 0.1})
    drawn.main(**{**STEEL_MA, "pressure_class": "SHA", "p_mop_mpa": 0.005})
    drawn.wall(0.75)
    assert {(f["pressure_class"], f["rule"]) for f in drawn.screen()} == {
        ("MB", "zy-4-clearance"),
        ("SHA", "zy-3-protection-range"),
    }
    assert drawn.sql("select distinct pressure_class from data.main_piece order by 1") == [
        ("L",),
        ("SHA",),
    ]


def test_a_missing_diameter_counts_as_the_largest(drawn: DrawnCity) -> None:
    drawn.main(pressure_class="MA", **SURE)
    drawn.wall(0.9)
    (one,) = drawn.screen()
    assert (one["distance_m"], one["certainty"]) == (Decimal("0.3920"), "possible")
    assert one["missing"] == ["dn"]
    assert one["rule"] == "zy-3-protection-range"


def test_a_point_counts_with_three_metres_and_says_so(drawn: DrawnCity) -> None:
    drawn.main(**STEEL_MA)
    drawn.add("charging_sheds", point(50, 3.0), **SURE)
    drawn.add("charging_sheds", point(20, 3.5), **SURE)
    drawn.add("charging_sheds", point(80, 4.61), **SURE)
    on, near = drawn.screen()
    assert (on["rule"], on["distance_m"]) == ("shed-on-main", Decimal("-0.1095"))
    assert (near["rule"], near["distance_m"]) == ("shed-protection-range", Decimal("0.3905"))
    assert on["assumed"] == near["assumed"] == ["radius_m"]
    assert on["pressed_length_m"] is None


def test_only_planned_mains_do_not_count(drawn: DrawnCity) -> None:
    mains = {
        status: drawn.main(**STEEL_MA, status=status)
        for status in ("in_use", "idle", "abandoned", "planned", None)
    }
    drawn.wall(0.3)
    counted = {f["main_id"] for f in drawn.screen()}
    assert counted == {i for status, i in mains.items() if status != "planned"}


def test_the_strongest_rule_gives_the_one_finding_of_a_pair(drawn: DrawnCity) -> None:
    low = drawn.main(**L110)
    high = drawn.main(line((0, 8), (100, 8)), **STEEL_MA)
    site = drawn.add("construction_sites", rectangle(40, 3, 60, 7.5), **SURE)
    found = {f["main_id"]: f["rule"] for f in drawn.screen()}
    assert found == {low: "site-control-range", high: "site-protection-range"}
    assert {f["subject_id"] for f in drawn.findings()} == {site}


def test_a_long_main_is_measured_whole_and_found_by_its_pieces(drawn: DrawnCity) -> None:
    bends = [(float(i * 500), float((i % 2) * 300)) for i in range(60)]
    drawn.main(line(*bends), **STEEL_MA)
    wall = drawn.add("buildings", rectangle(250, 151, 260, 160), **SURE)
    found = drawn.screen()
    assert [(f["subject_id"], f["rule"]) for f in found] == [(wall, "zy-1-on-main")]
    pieces = drawn.sql("select max(st_npoints(geom)), count(*) from data.main_piece")[0]
    assert pieces[0] <= 8
    assert pieces[1] > 60


def test_a_centre_in_the_hollow_of_a_crescent_is_found(drawn: DrawnCity) -> None:
    """A row of trees drawn as a thin U, the main in its hollow: 20 m from the shape, none from its
    centre. Whichever of them comes last finds the other, and what moves away leaves it."""
    ring = ((0, 0), (60, 0), (60, 60), (58, 60), (58, 2), (2, 2), (2, 60), (0, 60), (0, 0))
    corners = ", ".join(f"{X + x} {Y + y}" for x, y in ring)
    columns = {"kind": "tree", "deep_rooted": False, **SURE}
    tree = drawn.add("street_objects", f"POLYGON(({corners}))", **columns)
    assert drawn.screen() == []
    drawn.main(line((29.5, 20), (29.5, 24)), **L110)
    drawn.steps()
    (found,) = drawn.findings()
    assert (found["subject_id"], found["rule"]) == (tree, "zy-6-tree")
    assert drawn.same_as_whole()
    drawn.sql("update data.gas_pipelines set geom = st_translate(geom, 9, 0)")
    drawn.steps()
    assert drawn.findings() == [] and drawn.same_as_whole()
    drawn.sql("update data.street_objects set geom = st_translate(geom, 9, 0)")
    drawn.steps()
    assert len(drawn.findings()) == 1 and drawn.same_as_whole()
