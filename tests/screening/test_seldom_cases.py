"""What is easily missed: mains beside each other, coarse positions, records that contradict."""

from decimal import Decimal
from typing import Any

import pytest

from .conftest import STEEL_MA, SURE, DrawnCity, line, rectangle

PE: dict[str, Any] = {"pressure_class": "MA", "material": "pe", "dn": 110.0, "od_mm": 110.0, **SURE}
HOUSE: dict[str, Any] = {"height_m": 9.0, "use": "住宅"}
ALONG = line((0, 0), (100, 0))


def between_mains(drawn: DrawnCity) -> list[dict[str, Any]]:
    drawn.screen()
    return drawn.findings("main_near_line")


def test_a_main_that_merely_ends_beside_another_is_no_branch_of_it(drawn: DrawnCity) -> None:
    drawn.main(ALONG, **PE)
    drawn.main(line((20, 0.296), (80, 0.296)), **PE)
    (one,) = between_mains(drawn)
    assert (one["certainty"], one["distance_m"]) == ("certain", Decimal("0.1860"))
    assert one["required_m"] == Decimal("0.4")


@pytest.mark.parametrize("other", [line((50, 0), (50, 40)), line((100, 0), (160, 5))])
def test_a_branch_and_a_continuation_are_joined(drawn: DrawnCity, other: str) -> None:
    drawn.main(ALONG, **PE)
    drawn.main(other, **PE)
    assert between_mains(drawn) == []


CROSSINGS = [
    (1.0, 1.5, None, None),
    (1.0, 1.2, "certain", "0.0900"),
    (1.0, 1.11, "certain", "0.0000"),
    (1.0, 1.05, "certain", "-0.0600"),
    (1.0, 1.0, "certain", "-0.1100"),
    (1.0, None, "possible", None),
]


@pytest.mark.parametrize(("upper", "lower", "certainty", "gap"), CROSSINGS)
def test_the_worse_a_crossing_the_surer_it_is_found(
    drawn: DrawnCity, upper: float, lower: float | None, certainty: str | None, gap: str | None
) -> None:
    drawn.main(ALONG, depth_top_m=upper, **PE)
    drawn.main(line((50, -40), (50, 40)), **{**PE, "pressure_class": "MB"}, depth_top_m=lower)
    found = between_mains(drawn)
    assert [f["certainty"] for f in found] == ([certainty] if certainty else [])
    assert [f["distance_m"] for f in found] == ([gap and Decimal(gap)] if certainty else [])


@pytest.mark.parametrize(("lower", "found"), [(1.0, 0), (None, 0), (1.2, 1)])
def test_mains_of_one_network_that_cross_without_room_are_joined(
    drawn: DrawnCity, lower: float | None, found: int
) -> None:
    drawn.main(ALONG, depth_top_m=1.0, **PE)
    drawn.main(line((50, -40), (50, 40)), depth_top_m=lower, **PE)
    assert len(between_mains(drawn)) == found


def test_a_feature_that_is_placed_within_hundreds_of_metres_is_possible(drawn: DrawnCity) -> None:
    drawn.add("charging_sheds", rectangle(0, 0, 10, 5), **SURE)
    drawn.add("buildings", rectangle(210, 0, 220, 10), height_m=9.0, accuracy_m=250.0)
    drawn.screen()
    (one,) = drawn.findings("shed_near_building")
    assert (one["certainty"], one["distance_m"]) == ("possible", Decimal("200.0000"))


def test_a_certain_breach_is_told_before_a_nearer_guess(drawn: DrawnCity) -> None:
    drawn.add("charging_sheds", rectangle(0, 0, 10, 5), status="working", **SURE)
    sure = drawn.add("buildings", rectangle(13, 0, 20, 10), **HOUSE, **SURE)
    drawn.add("buildings", rectangle(-12, 0, -2, 10), **HOUSE)
    drawn.screen()
    (one,) = drawn.findings("shed_near_building")
    assert (one["counterpart_id"], one["certainty"]) == (sure, "certain")


def test_a_pressure_that_is_not_of_the_stated_class_is_doubted(drawn: DrawnCity) -> None:
    drawn.main(**{**STEEL_MA, "pressure_class": "SHA", "p_mop_mpa": 0.3})
    drawn.wall(9.0)
    drawn.screen()
    (one,) = drawn.findings("main_encroachment")
    assert (one["certainty"], one["required_m"]) == ("possible", Decimal("13.5"))
    assert one["missing"] == ["p_mop_mpa", "pressure_class"]
