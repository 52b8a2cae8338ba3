"""The bands of a finding are judged once: by the database, for an explanation and for a what-if."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, client_of
from gridwarden.settings import Settings

from .conftest import STEEL_MA, SURE, DrawnCity, line, rectangle
from .explained import explained
from .what_if_town import Town, town_of


@pytest.fixture
def town(city: Settings, sign_in: KeyMaker) -> Iterator[Town]:
    """A town that a test draws."""
    with client_of(city) as http:
        yield town_of(city, http, sign_in)


def _bands(told: dict[str, Any]) -> list[list[Any]]:
    names = ("pack", "rule", "method", "limit_m", "gap_m", "inside", "own", "missing")
    return [[band[name] for name in names] for band in told["bands"]]


@pytest.mark.parametrize("accuracy", [0.0, 0.3, None])
@pytest.mark.parametrize("family", ["shed_near_main", "shed_near_building"])
def test_a_proposal_in_a_features_own_place_has_the_bands_of_its_explanation(
    town: Town, accuracy: float | None, family: str
) -> None:
    """Beside a main and beside a house whose place is known exactly, a little, or not at all."""
    if family == "shed_near_main":
        town.main("A", line((0, 0), (300, 0)), accuracy_m=accuracy)
        shed = rectangle(50, 0.4, 56, 3)
    else:
        town.drawn.add("buildings", rectangle(50, 8, 70, 20), accuracy_m=accuracy, height_m=30.0)
        shed = rectangle(52, 21.5, 58, 24)
    number = town.drawn.add("charging_sheds", shed, **SURE)
    town.drawn.screen()
    asked = town.ask("charging_sheds", shed, replaces=number)["findings"]
    compared = 0
    for found in town.drawn.findings():
        if found["layer"] == "charging_sheds" and found["distance_m"] is not None:
            why = explained(town.http, town.keys["bureau"], found["id"])
            (one,) = [a for a in asked if a["family"] == found["family"]]
            assert _bands(one) == _bands(why) != []
            assert one["edge_may_move_m"] == why["edge_may_move_m"]
            sure = [band["inside"] for band in why["bands"] if not band["own"]]
            assert accuracy is not None or "certain" not in sure
            compared += 1
    assert compared


@pytest.mark.parametrize(
    ("gap", "kind", "inside"),
    [
        ("0.8999", "clearance", "certain"),
        ("0.9", "clearance", "possible"),
        ("0.9", "control", "certain"),
        ("1.1", "control", "possible"),
        ("1.1001", "control", "no"),
        ("1.1", "clearance", "no"),
        ("1.1001", "absence", "certain"),
        ("1.1", "absence", "possible"),
        ("0.9", "absence", "no"),
        (None, "absence", None),
    ],
)
def test_a_band_is_entered_at_its_end_by_its_kind(
    drawn: DrawnCity, gap: str | None, kind: str, inside: str | None
) -> None:
    """A limit of a metre, a decimetre of accuracy; an absence lies beyond its limit."""
    values = (gap and Decimal(gap), Decimal("0.1"), Decimal(1), kind)
    assert drawn.sql("select data.inside(%s::numeric, %s, %s, %s)", values) == [(inside,)]
    assert drawn.sql("select api.inside(%s::numeric, %s, %s, %s)", values) == [(inside,)]


def test_mains_that_end_beside_each_other_are_not_said_to_be_changed(
    drawn: DrawnCity, client: TestClient, sign_in: KeyMaker
) -> None:
    """Their distance was taken away from that end; it is not the nearest one of the two lines."""
    bureau = sign_in("supervisor", all_districts=True)
    drawn.main(line((0, 0), (100, 0)), **STEEL_MA)
    drawn.main(line((100, 0.3), (0, 0.5)), **STEEL_MA)
    drawn.screen()
    mains = [one["id"] for one in drawn.findings() if one["layer"] == "gas_pipelines"]
    assert mains
    for found in mains:
        assert explained(client, bureau, found)["data"]["changed_since"] is None
