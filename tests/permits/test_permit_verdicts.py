"""What may be done where: bands, verdicts, uncertainty and coverage."""

import pytest

from conftest import owner
from gridwarden.permits.question import METHODS

from .conftest import EDGE_M, Ground, X, Y, box, cover

PROTECTION = {"L": 0.5, "MB": 0.5, "MA": 0.5, "SHB": 1.5, "SHA": 1.5, "HB": 5, "HA": 5, "XH": 5}
CONTROL = {"L": 5, "MB": 5, "MA": 5, "SHB": 15, "SHA": 15, "HB": 50, "HA": 50, "XH": 50}
GENTLE = ("hand", "dewatering", "lifting")


def inside_protection(method: str) -> str:
    return "protection_plan" if method in GENTLE else "prohibited"


def inside_control(method: str) -> str:
    return "notify" if method == "hand" else "protection_plan"


@pytest.mark.parametrize("pressure_class", PROTECTION)
def test_each_method_changes_its_verdict_at_the_end_of_each_band(
    ground: Ground, pressure_class: str
) -> None:
    y = ground.lane()
    ground.main("A", y, pressure_class)
    for method in METHODS:
        near, far = inside_protection(method), inside_control(method)
        for limit, within, beyond in (
            (PROTECTION[pressure_class], near, far),
            (CONTROL[pressure_class], far, "clear"),
        ):
            for gap, verdict in ((limit - 0.01, within), (limit, within), (limit + 0.01, beyond)):
                found = ground.ask(box(y + EDGE_M + gap), method=method)
                assert found["verdict"] == verdict, (method, gap)
                if verdict != "clear":
                    assert found["mains"][0]["distance_m"] == pytest.approx(gap, abs=1e-9)
                    assert found["mains"][0]["certainty"] == "certain"


def test_the_strongest_verdict_wins(ground: Ground) -> None:
    y = ground.lane()
    area = box(y)
    order = ["clear", "notify", "protection_plan", "prohibited"]
    seen = [ground.ask(area, method="hand")["verdict"]]
    ground.main("A", y - EDGE_M - 4, "MB")
    seen.append(ground.ask(area, method="hand")["verdict"])
    seen.append(ground.ask(area, method="mechanical")["verdict"])
    ground.main("B", y - EDGE_M - 0.3, "MB")
    seen.append(ground.ask(area, method="mechanical")["verdict"])
    assert seen == order
    found = ground.ask(area, method="mechanical")
    assert [reason["verdict"] for reason in found["reasons"]] == ["prohibited", "protection_plan"]
    assert found["say"].startswith("Prohibited:")
    assert "B (0712-2000)" in found["say"] and "A (" not in found["say"]


def test_a_reason_carries_its_numbers_and_says_what_nobody_verified(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y, "SHB")
    found = ground.ask(box(y + EDGE_M + 0.42))
    reason, control = found["reasons"]
    assert (control["required_m"], control["measured_m"], control["clause"]) == (15, 0.42, "5.1.9")
    assert (reason["required_m"], reason["measured_m"], reason["margin_m"]) == (1.5, 0.42, -1.08)
    assert (reason["clause"], reason["edition"]) == ("5.1.8", "GB 55009-2021")
    assert reason["verified"] is False and reason["text"].endswith("of a gas main.")
    assert reason["pack"] == found["data"]["rules"] and reason["heuristic"] is None
    assert found["measures"] and found["contacts"][0]["duty_phone"] == "0712-119"
    assert found["data"]["rules"].startswith("cn-city-gas@")
    assert "mains of A@1" in found["data"]["datasets"]


def test_an_inaccurate_main_is_met_possibly_and_that_counts(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y, "MB", accuracy_m=0.3)
    found = ground.ask(box(y + EDGE_M + 0.8))
    assert (found["verdict"], found["mains"][0]["certainty"]) == ("prohibited", "possible")
    assert "may reach" in found["say"]
    assert ground.ask(box(y + EDGE_M + 0.81))["verdict"] == "protection_plan"
    assert ground.ask(box(y + EDGE_M + 5.3))["verdict"] == "protection_plan"
    assert ground.ask(box(y + EDGE_M + 5.31))["verdict"] == "clear"


def test_a_main_that_runs_deep_through_the_area_is_met_certainly(ground: Ground) -> None:
    """Its error cannot bring it out of the area, though the gap is no less than half its width."""
    y = ground.lane()
    ground.main("A", y, accuracy_m=1.0)
    ground.main("A", y + 40, accuracy_m=None)
    for area, buffer_m, certainty in (
        (box(y - 2), 0, "certain"),
        (box(y - 0.3, height=0.6), 0, "possible"),
        (box(y - 0.3, height=0.6), 0.5, "certain"),
        (box(y + 38), 0, "possible"),
    ):
        found = ground.ask(area, buffer_m=buffer_m)
        assert found["verdict"] == "prohibited"
        assert found["mains"][0]["certainty"] == certainty, (area, buffer_m)


def test_a_main_without_accuracy_counts_one_metre_and_is_never_certain(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y, "MB", accuracy_m=None)
    found = ground.ask(box(y + EDGE_M + 1.5))
    assert (found["verdict"], found["mains"][0]["certainty"]) == ("prohibited", "possible")
    assert found["mains"][0]["accuracy_m"] is None
    assert any("1 m was assumed" in note for note in found["notes"])
    crossed = ground.ask(box(y - 2))
    assert (crossed["verdict"], crossed["mains"][0]["certainty"]) == ("prohibited", "possible")


def test_a_main_of_unknown_class_counts_as_the_strictest(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y, None)
    assert ground.ask(box(y + EDGE_M + 5))["verdict"] == "prohibited"
    found = ground.ask(box(y + EDGE_M + 50))
    assert found["verdict"] == "protection_plan"
    assert found["mains"][0]["pressure_class"] == "unknown"
    assert found["mains"][0]["certainty"] == "possible"
    assert found["mains"][0]["missing"] == ["pressure_class"]
    assert any("pressure class" in note for note in found["notes"])


def test_a_main_without_diameter_counts_as_the_largest(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y, "MB", od_mm=None)
    found = ground.ask(box(y + 0.508 + 0.5))
    assert (found["verdict"], found["mains"][0]["certainty"]) == ("prohibited", "possible")
    assert found["mains"][0]["missing"] == ["dn"]
    assert ground.ask(box(y + 0.508 + 0.51))["verdict"] == "protection_plan"


def test_the_pressure_gives_the_class_where_none_is_stated(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y, None, p_mop_mpa=0.4)
    found = ground.ask(box(y + EDGE_M + 5))
    assert found["mains"][0]["pressure_class"] == "MA"
    assert ground.ask(box(y + EDGE_M + 5.01))["verdict"] == "clear"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("in_use", "prohibited"),
        ("idle", "prohibited"),
        ("abandoned", "prohibited"),
        (None, "prohibited"),
        ("planned", "clear"),
    ],
)
def test_every_main_counts_but_a_planned_one(
    ground: Ground, status: str | None, verdict: str
) -> None:
    y = ground.lane()
    ground.main("A", y, "MB", status=status)
    assert ground.ask(box(y - 2))["verdict"] == verdict


def test_a_point_has_a_radius_and_a_buffer_widens(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y, "MB")
    point = {"type": "Point", "coordinates": [X + 100, y + EDGE_M + 3 + 5]}
    found = ground.ask(point)
    assert (found["verdict"], found["mains"][0]["distance_m"]) == ("protection_plan", 5)
    assert any("radius of 3 m" in note for note in found["notes"])
    point["coordinates"][1] += 0.01
    assert ground.ask(point)["verdict"] == "clear"
    assert ground.ask(point, buffer_m=0.01)["verdict"] == "protection_plan"
    line = {"type": "LineString", "coordinates": [[X + 9, y + 20], [X + 99, y + 20]]}
    assert ground.ask(line, buffer_m=15 - EDGE_M)["verdict"] == "protection_plan"
    assert ground.ask(line, buffer_m=14.99 - EDGE_M)["verdict"] == "clear"


@pytest.mark.parametrize("pressure_class", ["MB", "SHB", "HA"])
def test_going_back_by_the_distance_told_leaves_the_range(
    ground: Ground, pressure_class: str
) -> None:
    y = ground.lane()
    ground.main("A", y, pressure_class, accuracy_m=0.2)
    for gap in (0.0, 0.3, CONTROL[pressure_class] + 0.2):
        start = y + EDGE_M + gap
        move = ground.ask(box(start))["move_m"]
        assert move > 0
        assert ground.ask(box(start + move))["verdict"] == "clear"
        assert ground.ask(box(start + move - 0.0101))["verdict"] != "clear"
    assert ground.ask(box(y + EDGE_M + 55))["move_m"] == 0
    assert ground.ask(box(y - 1))["move_m"] is None


def test_ground_that_nobody_surveyed_is_unknown(ground: Ground) -> None:
    found = ground.ask(box(Y + 20_000))
    assert (found["verdict"], found["coverage"]) == ("unknown", "none")
    assert found["records_age_days"] is None
    assert [reason["rule"] for reason in found["reasons"]] == ["coverage-none"]
    assert [contact["operator"] for contact in found["contacts"]] == ["A", "B"]
    assert "No data, cannot be judged" in found["say"] and "0712-119" in found["say"]


def test_a_known_main_counts_outside_coverage_too(ground: Ground) -> None:
    y = Y + 30_000
    ground.main("A", y, "MB")
    found = ground.ask(box(y - 2))
    assert (found["verdict"], found["coverage"]) == ("prohibited", "none")
    assert ground.ask(box(y + EDGE_M + 1), method="hand")["verdict"] == "notify"
    assert ground.ask(box(y + EDGE_M + 6), method="hand")["verdict"] == "unknown"


def test_ground_surveyed_in_part_is_unknown(ground: Ground) -> None:
    edge = Y + 10_000
    assert ground.ask(box(edge - 2))["coverage"] == "partial"
    assert ground.ask(box(edge - 2))["verdict"] == "unknown"
    # an unsurveyed main 50 m away could still have this ground in its control range
    assert ground.ask(box(edge - 4 - 49))["verdict"] == "unknown"
    # and of a survey that must reach 50 m on the ground, 4 % more in the plane are asked
    assert ground.ask(box(edge - 4 - 51))["verdict"] == "unknown"
    assert ground.ask(box(edge - 4 - 52.1))["verdict"] == "clear"
    assert ground.ask(box(edge + 1))["coverage"] == "none"


def test_two_surveys_side_by_side_cover_together(ground: Ground) -> None:
    low = Y + 40_000
    cover(ground, "A", low, low + 500)
    cover(ground, "B", low + 500, low + 1_000, age=90)
    found = ground.ask(box(low + 498))
    assert (found["verdict"], found["coverage"]) == ("clear", "surveyed")
    assert found["records_age_days"] == 90


@pytest.mark.parametrize(
    ("days", "row", "verdict"),
    [
        (30, {"update_days": 30}, "clear"),
        (31, {"update_days": 30}, "notify"),
        (0, {"surveyed_on": None}, "unknown"),
        (0, {"update_days": None}, "unknown"),
    ],
)
def test_overdue_or_undated_records_are_never_clear(
    ground: Ground, days: int, row: dict[str, object], verdict: str
) -> None:
    low = Y + 50_000 + 1_000 * next(ground.lanes)
    cover(ground, "A", low, low + 600, age=days, **row)
    found = ground.ask(box(low + 300))
    assert (found["verdict"], found["coverage"]) == (verdict, "surveyed")
    assert found["overdue"] is (verdict != "clear")


def test_a_fresh_survey_over_an_overdue_one_is_enough(ground: Ground) -> None:
    low = Y + 50_000 + 1_000 * next(ground.lanes)
    cover(ground, "A", low, low + 600, age=900)
    assert ground.ask(box(low + 300))["verdict"] == "notify"
    cover(ground, "A", low - 10, low + 610, age=1)
    assert ground.ask(box(low + 300))["verdict"] == "clear"


def test_without_rules_nothing_is_clear(ground: Ground) -> None:
    area = box(ground.lane())
    assert ground.ask(area, method="lifting")["verdict"] == "clear"
    with owner(ground.settings) as c:
        c.execute("update data.rule set in_force = false where kind = 'activity'")
        c.execute("delete from data.main_rule where kind = 'activity'")
    found = ground.ask(area, method="lifting")
    assert (found["verdict"], found["reasons"][0]["rule"]) == ("unknown", "no-rules")
    with owner(ground.settings) as c:
        # what the rules in force are is worked out again
        c.execute("select data.turn_rules()")
    assert ground.ask(area, method="lifting")["verdict"] == "clear"


def test_the_answer_speaks_the_language_asked_for(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y)
    found = ground.ask(box(y - 2))
    assert found["say"] == found["says"]["en"]
    assert found["says"]["zh"].startswith("禁止施工：此处机械开挖进入A燃气管线的保护范围")
    assert "A（0712-119）" in found["says"]["zh"]
