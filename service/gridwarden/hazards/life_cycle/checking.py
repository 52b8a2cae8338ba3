"""What is wrong with a transition table, in sentences: read by the tests, and before it is kept."""

from collections.abc import Callable, Iterable
from typing import Final

from gridwarden.database import ASKERS
from gridwarden.hazards.life_cycle.model import ORGANISATIONS, RESPONSIBLE, SAME, SCREEN, LifeCycle

NEEDS: Final = ("note", "before", "after", "document")
STARTS: Final = ("number", "deadline", "notice", "rule")
COLUMNS: Final = (
    *("grade", "category", "place_words", "description", "external_no", "duplicate_of", "plan"),
    *("org_id", "person_responsible", "supervising_org_id", "leader_in_charge"),
    *("due_at", "closing_exception"),
)
"""Columns of a case that an act can write."""


def faults(cycle: LifeCycle, worded: Callable[[str], bool]) -> list[str]:
    """The faults of a table; `worded` tells whether the catalogue has a key. Empty: it is sound."""
    return [*_names(cycle), *_words(cycle, worded), *_ways(cycle), *_people(cycle)]


def _names(cycle: LifeCycle) -> Iterable[str]:
    names = {act.name for act in cycle.acts}
    known = {
        "state": (*cycle.states, SAME),
        "who": (*ASKERS, RESPONSIBLE, SCREEN),
        "column": COLUMNS,
        "need": NEEDS,
        "start": STARTS,
        "act": tuple(names),
    }
    for act in cycle.acts:
        said = {
            "state": (*act.origins, act.to),
            "who": act.who,
            "column": (*act.sets, *act.must),
            "need": act.needs,
            "start": act.starts,
            "act": act.apart_from,
        }
        for kind, values in said.items():
            for value in values:
                if value not in known[kind]:
                    yield f"{act.name}: no {kind} is called {value}"
        if not act.who:
            yield f"{act.name}: nobody may do it"


def _words(cycle: LifeCycle, worded: Callable[[str], bool]) -> Iterable[str]:
    for key in (
        *(f"hazards.state.{state}" for state in cycle.states),
        *dict.fromkeys(f"hazards.act.{act.name}" for act in cycle.acts),
    ):
        if not worded(key):
            yield f"no words: {key}"


def _ways(cycle: LifeCycle) -> Iterable[str]:
    """Every state is reached from the first, and people can lead it to one where it may rest."""
    steps = [(o, act.leads_to(o)) for act in cycle.acts for o in act.origins]
    back = [(act.leads_to(o), o) for act in cycle.acts for o in act.origins if act.by_people]
    reached = _closure({cycle.first}, steps)
    resting = _closure(set(cycle.final), back)
    for state in cycle.states:
        if state not in reached:
            yield f"{state}: no way leads there"
        if state not in resting:
            yield f"{state}: a dead end"


def _closure(known: set[str], steps: list[tuple[str, str]]) -> set[str]:
    while more := {to for origin, to in steps if origin in known} - known:
        known = known | more
    return known


def _people(cycle: LifeCycle) -> Iterable[str]:
    """Who rectifies does not verify: closing is apart from what hands a case to verification."""
    for act in cycle.acts:
        if act.to != "closed":
            continue
        if not {"accept", "report_done"} <= set(act.apart_from):
            yield f"{act.name}: who rectified may close"
        if set(act.who) & {*ORGANISATIONS, RESPONSIBLE}:
            yield f"{act.name}: the responsible organisation may close"
