"""Ways of keeping up that are known to lose findings: the same histories find every one of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from gridwarden.settings import Settings

from .bringing import supplied
from .ground import FAR, Act, box, dot, line
from .machine import History
from .mutants import by_highest_id, in_the_writer, no_old_place
from .town import Town

MAIN = Act("insert", "gas_pipelines", 0, line((0, 0), (60, 0)),
           {"pressure_class": "MA", "p_mop_mpa": 0.4, "material": "steel", "od_mm": 219.0,
            "accuracy_m": 0.0})  # fmt: skip
WALL = Act("insert", "buildings", 0, box(20, 0.5, 10, 10), {"accuracy_m": 0.0})
HOMES = Act("insert", "estates", 0, box(10, 10, 30, 30), {"accuracy_m": 0.0})
SHED = Act("insert", "charging_sheds", 0, dot(20, 20), {"status": "open", "accuracy_m": 0.0})
LANE = Act("insert", "fire_lanes", 0, box(0, 40, 50, 4),
           {"kind": "lane", "dead_end": True, "length_m": 50.0, "accuracy_m": 0.0})  # fmt: skip
TURN = Act("insert", "fire_lanes", 0, box(50, 38, 15, 15),
           {"kind": "turning_place", "state": "free", "accuracy_m": 0.0})  # fmt: skip


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    """One town for all: each test empties it."""
    made = Town(module_city)
    History.town = made
    with supplied(made) as History.supplier:
        yield made
    made.close()


# ---------------------------------------------------------------------------- what happens
def the_only_shed_goes(h: History) -> None:
    """An estate has its shed; the shed is taken away. No finding ever named it."""
    h.by_hand([HOMES, SHED])
    h.rest()
    assert h.town.rows("select family from data.finding") == []
    h.by_hand([Act("delete", "charging_sheds")])
    h.rest()
    assert h.town.rows("select family from data.finding") == [("estate_without_shed",)]


def the_turning_place_moves(h: History) -> None:
    """A lane of the same layer has its turning place no more."""
    h.by_hand([LANE, TURN])
    h.rest()
    h.by_hand([Act("move", "fire_lanes", 1, by=(FAR, 0))])
    h.rest()


def the_first_to_write_is_the_last_to_commit(h: History) -> None:
    """A later change is seen before an earlier one, whose number is lower, is committed."""
    h.write(0, WALL)
    h.write(1, MAIN)
    h.commit(1)
    h.step(1000, 1000)
    h.commit(0)
    h.rest()
    assert h.town.rows("select family from data.finding") == [("main_encroachment",)]


def two_write_what_belongs_together(h: History) -> None:
    """One brings the main, another the wall beside it, and neither sees the other's."""
    h.write(0, MAIN)
    h.write(1, WALL)
    h.commit(0)
    h.commit(1)
    h.rest()
    assert h.town.rows("select family from data.finding") == [("main_encroachment",)]


Mutant = Callable[[Town], AbstractContextManager[Town]]
HISTORIES: list[tuple[Mutant, Callable[[History], None]]] = [
    (no_old_place, the_only_shed_goes),
    (no_old_place, the_turning_place_moves),
    (by_highest_id, the_first_to_write_is_the_last_to_commit),
    (in_the_writer, two_write_what_belongs_together),
]


@pytest.mark.parametrize(("mutant", "history"), HISTORIES)
def test_what_a_mutant_loses_the_screener_finds(
    town: Town, mutant: Mutant, history: Callable[[History], None]
) -> None:
    town.empty()
    history(History())
    town.empty()
    with mutant(town), pytest.raises(AssertionError, match="stale"):
        history(History())
