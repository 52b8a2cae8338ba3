"""Estates without a shed, and buildings over 21 m without water."""

from decimal import Decimal
from typing import Any

import pytest

from .conftest import SURE, DrawnCity, point, rectangle


def estate(drawn: DrawnCity, **columns: Any) -> int:
    """An estate whose east edge is x = 100."""
    return drawn.add("estates", rectangle(0, 0, 100, 100), **{**SURE, **columns})


@pytest.mark.parametrize(("x", "found"), [(399.99, False), (400.0, False), (400.01, True)])
def test_an_estate_needs_a_shed_within_300_metres(drawn: DrawnCity, x: float, found: bool) -> None:
    lonely = estate(drawn)
    shed = drawn.add("charging_sheds", point(x, 50), status="working", **SURE)
    rows = drawn.screen()
    assert [r["subject_id"] for r in rows] == ([lonely] if found else [])
    if found:
        assert (rows[0]["certainty"], rows[0]["counterpart_id"]) == ("certain", shed)
        assert rows[0]["distance_m"] == Decimal("300.0100")
        assert rows[0]["verified"] is False
        assert rows[0]["clause"] == ""


def test_the_position_decides_between_certain_and_possible(drawn: DrawnCity) -> None:
    estate(drawn, accuracy_m=3.0)
    shed = drawn.add("charging_sheds", point(404.9, 50), accuracy_m=4.0)
    (one,) = drawn.screen()
    assert (one["certainty"], one["accuracy_m"]) == ("possible", Decimal("5.0000"))
    drawn.sql("update data.charging_sheds set accuracy_m = 0 where id = %s", (shed,))
    (one,) = drawn.screen()
    assert one["certainty"] == "certain"
    drawn.sql("update data.charging_sheds set accuracy_m = null where id = %s", (shed,))
    (one,) = drawn.screen()
    assert one["certainty"] == "possible"


def test_a_closed_shed_does_not_count_and_a_broken_one_does(drawn: DrawnCity) -> None:
    estate(drawn)
    shed = drawn.add("charging_sheds", point(150, 50), status="closed", **SURE)
    (one,) = drawn.screen()
    assert (one["certainty"], one["distance_m"], one["counterpart_id"]) == ("certain", None, None)
    drawn.sql("update data.charging_sheds set status = 'fault' where id = %s", (shed,))
    assert drawn.screen() == []
    drawn.sql("update data.charging_sheds set status = null where id = %s", (shed,))
    assert drawn.screen() == []


BUILDINGS = [
    ({"height_m": 21.0, "water_system_state": "none"}, None, []),
    ({"height_m": 21.01, "water_system_state": "none"}, "certain", []),
    ({"height_m": 30.0, "water_system_state": "ok"}, None, []),
    ({"height_m": 30.0}, "possible", ["water_system_state"]),
    ({"height_m": 20.0, "storeys": 30.0, "water_system_state": "fault"}, None, []),
    ({"storeys": 6.0, "water_system_state": "fault"}, None, []),
    ({"storeys": 6.5, "water_system_state": "fault"}, "possible", ["height_m"]),
    ({"storeys": 7.5, "water_system_state": "under_repair"}, "possible", ["height_m"]),
    ({"storeys": 8.0, "water_system_state": "paralysed"}, "certain", ["height_m"]),
    ({"storeys": 8.0}, "possible", ["height_m", "water_system_state"]),
    ({"storeys": 8.0, "water_system_state": "ok"}, None, []),
    ({"water_system_state": "none"}, None, []),
]


def test_without_its_use_on_record_it_is_open_which_tall_building_rule_holds(
    drawn: DrawnCity,
) -> None:
    drawn.add("buildings", rectangle(0, 0, 10, 10), height_m=30.0, water_system_state="none")
    (one,) = drawn.screen()
    assert (one["certainty"], one["missing"]) == ("possible", ["use"])


def test_tall_buildings_need_a_working_water_system(drawn: DrawnCity) -> None:
    ids = [
        drawn.add("buildings", rectangle(20 * n, 0, 20 * n + 10, 10), use="住宅", **columns)
        for n, (columns, _, _) in enumerate(BUILDINGS)
    ]
    drawn.screen()
    rows = {r["subject_id"]: r for r in drawn.findings("building_water")}
    for building, (columns, certainty, missing) in zip(ids, BUILDINGS, strict=True):
        row = rows.get(building)
        assert (row and row["certainty"]) == certainty, columns
        if row:
            assert (row["missing"], row["severity"]) == (missing, "serious")
            assert row["main_id"] is None


def test_findings_carry_the_district_of_their_subject(drawn: DrawnCity) -> None:
    here = drawn.add("districts", rectangle(0, 0, 1000, 1000))
    drawn.add("districts", rectangle(1000, 0, 2000, 1000))
    estate(drawn)
    (one,) = drawn.screen()
    assert (one["district_id"], one["main"], one["distance_band"]) == (here, False, None)
