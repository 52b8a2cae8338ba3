"""Several packs at once, mains of other networks, and how far an edge may move."""

import json
from typing import Any

import pytest

from conftest import owner
from gridwarden.rules.normal import normal
from gridwarden.rules.reading import load_built_in

from .conftest import EDGE_M, Ground, box

RANK = ["clear", "unknown", "notify", "protection_plan", "prohibited"]


@pytest.fixture(scope="module")
def packs(ground: Ground) -> Ground:
    """The same ground with the packs of a city and of long-distance lines in force, too."""
    with owner(ground.settings) as c:
        for name in ("cn-shanghai", "cn-transmission"):
            rows = json.dumps(normal(load_built_in(name)))
            c.execute("select data.write_pack(%s, '{}')", (rows,))
        c.execute("select data.turn_rules()")
    return ground


def bands(found: dict[str, Any]) -> list[tuple[str, str, float, float]]:
    """Pack, verdict, range and measure of each reason."""
    return [
        (r["pack"].partition("@")[0], r["verdict"], r["required_m"], r["measured_m"])
        for r in found["reasons"]
    ]


def test_a_long_distance_line_that_no_pack_in_force_judges_is_never_clear(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y, "HA", network="transmission")
    for who in ("A", "B"):
        found = ground.ask(box(y + EDGE_M + 20), who)
        assert found["verdict"] == "unknown"
        assert [reason["rule"] for reason in found["reasons"]] == ["no-rule-for-main"]
        assert "no rule in force says how this may be done near a main of A" in found["say"]
        assert found["move_m"] is None
        assert len(found["mains"]) == 1
    assert ground.ask(box(y + EDGE_M + 51))["verdict"] == "clear"


def test_a_city_and_the_nation_are_both_reasons_and_the_stronger_decides(packs: Ground) -> None:
    """Sub-high pressure at 5.5 m: control by both, whose outer limits are 6 and 15 m."""
    y = packs.lane()
    packs.main("A", y, "SHB")
    found = packs.ask(box(y + EDGE_M + 5.5))
    assert found["verdict"] == "protection_plan"
    assert bands(found) == [
        ("cn-shanghai", "protection_plan", 6, 5.5),
        ("cn-city-gas", "protection_plan", 15, 5.5),
    ]
    assert "cn-city-gas@" in found["data"]["rules"] and "cn-shanghai@" in found["data"]["rules"]
    assert [b[0] for b in bands(packs.ask(box(y + EDGE_M + 6.01)))] == ["cn-city-gas"]
    # the city's protection range of 0.7 m is wider than the nation's for medium pressure
    z = packs.lane()
    packs.main("A", z, "MB")
    found = packs.ask(box(z + EDGE_M + 0.6))
    assert found["verdict"] == "prohibited"
    assert bands(found)[0] == ("cn-shanghai", "prohibited", 0.7, 0.6)
    assert packs.ask(box(z + EDGE_M + 0.71))["verdict"] == "protection_plan"


def test_of_another_companys_main_each_pack_names_its_strongest_band_alone(packs: Ground) -> None:
    y = packs.lane()
    packs.main("B", y, "MB")
    found = packs.ask(box(y + EDGE_M + 0.3))
    assert sorted((r["pack"].partition("@")[0], r["verdict"]) for r in found["reasons"]) == [
        ("cn-city-gas", "prohibited"),
        ("cn-shanghai", "prohibited"),
    ]
    assert all(
        set(main) == {"operator", "pressure_class", "distance_band"} for main in found["mains"]
    )


def test_a_long_distance_line_is_judged_by_its_own_law_from_its_centreline(packs: Ground) -> None:
    y = packs.lane()
    packs.main("A", y, "HA", network="transmission")
    for distance, verdict in ((5, "prohibited"), (5.01, "protection_plan"), (50.01, "clear")):
        found = packs.ask(box(y + distance))
        assert found["verdict"] == verdict
        assert {b[0] for b in bands(found)} <= {"cn-transmission"}
        if verdict != "clear":
            assert bands(found)[0][3] == distance
            assert found["mains"][0]["distance_m"] == pytest.approx(distance - EDGE_M)
    blast = packs.ask(box(y + 60), method="blasting")
    assert blast["verdict"] == "protection_plan" and bands(blast)[0][2] == 200


@pytest.mark.parametrize("accuracy_m", [0.0, 0.25, None])
@pytest.mark.parametrize(("method", "pressure_class"), [("mechanical", "SHB"), ("hand", "MB")])
def test_moving_by_the_room_told_changes_nothing_and_a_centimetre_more_does(
    ground: Ground, method: str, pressure_class: str, accuracy_m: float | None
) -> None:
    y = ground.lane()
    ground.main("A", y, pressure_class, accuracy_m=accuracy_m)

    def verdict(gap: float) -> tuple[int, dict[str, Any]]:
        found = ground.ask(box(y + EDGE_M + gap), method=method)
        assert found["verdict"] == "clear" or found["mains"][0]["verdict"] == found["verdict"]
        return RANK.index(found["verdict"]), (found["mains"] or [{}])[0]

    for gap in (4.0, 3.337, 2.5, 0.1):
        here, main = verdict(gap)
        assert here > 0
        if main["room_m"] is None:
            assert verdict(0.0)[0] == here
        else:
            assert verdict(gap - main["room_m"])[0] == here
            assert verdict(gap - main["room_m"] - 0.01)[0] > here
        assert verdict(gap + main["back_m"])[0] < here
        assert verdict(gap + main["back_m"] - 0.0101)[0] == here


def test_a_main_that_runs_through_the_area_has_no_way_back_that_could_be_told(
    ground: Ground,
) -> None:
    y = ground.lane()
    ground.main("A", y, "MB")
    (main,) = ground.ask(box(y - 2))["mains"]
    assert (main["room_m"], main["back_m"], main["verdict"]) == (None, None, "prohibited")
