"""A proposed shed is judged for the estates that lack one, as a screening would judge them."""

from collections.abc import Iterator

import psycopg
import pytest

from conftest import KeyMaker, client_of
from gridwarden.settings import Settings

from .conftest import SURE, point, rectangle
from .what_if_town import Town, town_of

FAMILY = "estate_without_shed"
OPEN, SHUT = (SURE | {"status": status} for status in ("working", "closed"))


@pytest.fixture(scope="module")
def town(module_city: Settings, module_sign_in: KeyMaker) -> Iterator[Town]:
    with client_of(module_city) as http:
        yield town_of(module_city, http, module_sign_in)


def names(answer: dict, part: str) -> list[str]:  # type: ignore[type-arg]
    return sorted(one["counterpart"]["name"] for one in answer[part] if one["family"] == FAMILY)


def test_a_shed_ends_the_want_of_estates_and_begins_it_where_it_stood(town: Town) -> None:
    def estate(x: float, name: str) -> None:
        town.drawn.add("estates", rectangle(x, 0, x + 100, 100), name=name, households=80, **SURE)

    estate(0, "west")
    estate(1500, "east")
    estate(4000, "far")
    shed = town.drawn.add("charging_sheds", point(1700, 50), status="working", **SURE)
    lacking = {row["subject_id"] for row in town.drawn.screen() if row["family"] == FAMILY}
    assert len(lacking) == 2

    new = town.ask("charging_sheds", point(399, 50), properties=OPEN)
    assert (names(new, "ends"), names(new, "begins")) == (["west"], [])
    assert {one["id"] for one in new["ends"]} <= {row["id"] for row in town.drawn.findings(FAMILY)}
    beyond = town.ask("charging_sheds", point(401, 50), properties=OPEN)
    closed = town.ask("charging_sheds", point(399, 50), properties=SHUT)
    assert names(beyond, "ends") == names(closed, "ends") == []

    moved = town.ask("charging_sheds", point(399, 50), properties=OPEN, replaces=shed)
    assert (names(moved, "ends"), names(moved, "begins")) == (["west"], ["east"])
    shut = town.ask("charging_sheds", point(1700, 50), properties=SHUT, replaces=shed)
    assert (names(shut, "ends"), names(shut, "begins")) == ([], ["east"])


def test_a_statement_that_does_not_read_what_is_put_in_its_place_is_refused(town: Town) -> None:
    """Or it would go on counting every shed of the city."""
    told = "select data.read_instead('select c.id from data.a c', %s, 'counted c')"
    assert town.drawn.sql(told, ("data.a c",)) == [("select c.id from counted c",)]
    with pytest.raises(psycopg.errors.RaiseException, match="does not read"):
        town.drawn.sql(told, ("data.b c",))
