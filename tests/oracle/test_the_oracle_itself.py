"""The oracle's own parts against published numbers and another library's arithmetic."""

import itertools
import math
from typing import Any

import pytest
import shapely
from pyproj import Geod, Transformer

from . import ground, windows
from .mains import as_main, asked
from .packs import PIR, Rules, interpolated, ticks
from .reading import Feature
from .records import Held, all_hold

GEOD = Geod(a=ground.A, f=ground.F)
TURN = Transformer.from_crs(4547, 4490, always_xy=True)


@pytest.mark.parametrize("east", [365_000, 450_000, 500_000, 517_000, 560_000, 640_000])
@pytest.mark.parametrize("north", [2_000_000, 3_421_000, 5_300_000])
def test_lengths_on_the_ground_are_geodesic(east: float, north: float) -> None:
    for angle, length in itertools.product(range(0, 180, 30), (0.5, 50.0, 300.0)):
        away = math.radians(angle)
        there = (east + length * math.cos(away), north + length * math.sin(away))
        (lon1, lat1), (lon2, lat2) = TURN.transform(east, north), TURN.transform(*there)
        wanted = GEOD.inv(lon1, lat1, lon2, lat2)[2]
        assert abs(ground.length((east, north), there) - wanted) < 1e-5


def test_a_length_on_the_ground_is_not_that_of_the_plane_at_the_edge_of_a_zone() -> None:
    assert 0.06 < 300.0 - ground.length((640_000, 3_421_000), (640_300, 3_421_000)) < 0.08


@pytest.mark.parametrize(
    ("pressure", "limit"), [(0.8, 5.0), (1.2, 9.25), (1.6, 13.5), (0.5, 5.0), (2.0, 13.5)]
)
def test_interpolation_is_linear_and_level_outside(pressure: float, limit: float) -> None:
    assert interpolated([[0.8, 5.0], [1.6, 13.5]], pressure) == ticks(limit)


def test_the_potential_impact_radius_is_the_published_one() -> None:
    for psig, inches, metres in ((1000, 30, 199.5), (720, 16, 90.3), (60, 12, 19.5)):
        radius = PIR * math.sqrt(psig * 0.006894757) * inches * 25.4
        assert abs(radius - metres) < 0.05


def test_units_are_counted_in_the_fullest_window() -> None:
    main = shapely.LineString([(517_000, 3_421_000), (521_000, 3_421_000)])
    said = {"each_side_m": 200.0, "along_m": 1600.0, "units": "households"}
    steps = [{"id": "1", "upto": 12}, {"id": "2", "upto": 79}, {"id": "3"}]

    def house(along: float, aside: float, households: int | None) -> Feature:
        box = shapely.box(517_000 + along, 3_421_000 + aside, 517_010 + along, 3_421_010 + aside)
        return Feature("", box, {"households": households})

    near = [house(500, 150, 12), house(2099, 150, 1)]
    assert windows.most_units(main, near, said) == 13
    assert windows.most_units(main, [near[0], house(2111, 150, 1)], said) == 12
    assert windows.most_units(main, [near[0], house(700, 200.01, 1)], said) == 12
    assert windows.most_units(main, [near[0], house(700, 199.99, None)], said) == 13
    classes = [windows.class_of(units, steps) for units in (12, 13, 79, 80)]
    assert classes == ["1", "2", "2", "3"]


def rules_of(**more: Any) -> Rules:
    """A small pack: two classes, and what a test adds."""
    pack = {
        "pack": {"id": "toy", "missing_od_mm": 1016.0, "point_radius_m": 3.0},
        "class_system": [
            {
                "id": "toy",
                "class": [
                    {"id": "L", "over_mpa": -1.0, "upto_mpa": 0.01},
                    {"id": "M", "over_mpa": 0.01, "upto_mpa": 0.4, "closed_below": True},
                ],
            }
        ],
        "figure": [{"id": "least", "value": 5.0}, {"id": "unset"}],
        "rule": [],
    }
    return Rules([pack | more])


def toy_rule(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A rule with these rows."""
    return {"id": "r", "kind": "clearance", "family": "f", "strength": 1, "row": list(rows)} | more


def main_of(rules: Rules, **columns: Any) -> Any:
    """A main with these columns."""
    return as_main(Feature("m", shapely.LineString([(0, 0), (1, 0)]), columns), rules)


@pytest.mark.parametrize(
    ("columns", "limits", "missing"),
    [
        ({"p_mop_mpa": 0.01, "dn": 100}, [2.0], set()),
        ({"p_mop_mpa": 0.009, "dn": 100}, [1.0], set()),
        ({"dn": 100}, [2.0], {"pressure_class"}),
        ({"pressure_class": "M"}, [3.0], {"dn"}),
        ({}, [3.0], {"pressure_class", "dn"}),
        ({"p_mop_mpa": 0.3, "dn": 100, "network": "transmission"}, [], set()),
    ],
)
def test_rows_that_may_apply_count_together(
    columns: dict[str, Any], limits: list[float], missing: set[str]
) -> None:
    row = {"severity": "general"}
    rules = rules_of(
        rule=[
            toy_rule(
                row | {"class": "L", "limit_m": 1.0},
                row | {"class": "M", "dn_upto": 100, "limit_m": 2.0},
                row | {"class": "M", "dn_over": 100, "limit_m": 3.0},
            )
        ]
    )
    said = list(asked(rules.rules[0], main_of(rules, **columns), rules))
    assert [one.limit for one in said] == [ticks(limit) for limit in limits]
    assert {name for one in said for name in one.missing} == missing
    assert all(one.certain == (not missing) for one in said)


def test_a_rule_whose_figure_nobody_set_judges_nobody() -> None:
    row = {"severity": "general"}
    rules = rules_of(
        rule=[toy_rule(row | {"limit": f"@{name}"}, id=name) for name in ("least", "unset")]
    )
    assert [rule.id for rule in rules.rules] == ["least"]
    assert rules.limit(rules.rules[0].rows[0]) == ticks(5.0)


HEIGHT = {
    "column": "height_m",
    "over": 21.0,
    "estimate": {"column": "storeys", "factor": 3.0, "possible_from": 19.0, "certain_over": 23.0},
}


@pytest.mark.parametrize(
    ("record", "held"),
    [
        ({"height_m": 21.01, "state": "fault"}, Held(True)),
        ({"height_m": 21.0, "state": "fault"}, Held(False)),
        ({"height_m": 30.0, "state": "ok"}, Held(False)),
        ({"height_m": 30.0}, Held(None, frozenset(["state"]))),
        ({"storeys": 8, "state": "fault"}, Held(True, frozenset(["height_m"]))),
        ({"storeys": 7, "state": "fault"}, Held(None, frozenset(["height_m"]))),
        ({"storeys": 6, "state": "fault"}, Held(False)),
        ({"state": "fault"}, Held(False)),
        ({"storeys": 7}, Held(None, frozenset(["height_m", "state"]))),
    ],
)
def test_conditions_have_three_values(record: dict[str, Any], held: Held) -> None:
    conditions = [HEIGHT, {"column": "state", "not": ["ok"]}]
    assert all_hold(conditions, Feature("", shapely.Point(), record), rules_of()) == held


@pytest.mark.parametrize(
    ("record", "truth"),
    [
        ({"area_m2": 9.9, "occupants": 2}, True),
        ({"area_m2": 10, "occupants": 2}, False),
        ({"area_m2": 10}, None),
        ({"area_m2": 10, "occupants": 0}, None),
        ({"occupants": 2}, None),
    ],
)
def test_a_ratio_is_compared_with_the_figure(record: dict[str, Any], truth: bool | None) -> None:
    conditions = [{"column": "area_m2", "per": "occupants", "under": "@least"}]
    assert all_hold(conditions, Feature("", shapely.Point(), record), rules_of()).truth == truth
