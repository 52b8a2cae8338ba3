"""Conditions on a record in three values: true, false, and None where the record is silent."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .packs import Rules
from .reading import Feature


@dataclass(frozen=True)
class Held:
    """Whether it holds, and which columns were missing to know it better."""

    truth: bool | None
    missing: frozenset[str] = frozenset()

    def __and__(self, other: "Held") -> "Held":
        if self.truth is False or other.truth is False:
            return Held(False)
        both = None if None in (self.truth, other.truth) else True
        return Held(both, self.missing | other.missing)


TRUE = Held(True)


def all_hold(conditions: Iterable[dict[str, Any]], record: Feature, rules: Rules) -> Held:
    """All conditions together: one that fails is enough."""
    held = TRUE
    for condition in conditions:
        held &= one_holds(condition, record, rules)
    return held


def one_holds(condition: dict[str, Any], record: Feature, rules: Rules) -> Held:
    """One condition: unknown where the record is silent, or not met where the pack says so."""
    held = told(condition, record, rules)
    silent_is_no = condition.get("unknown") == "no"
    return Held(False) if held.truth is None and silent_is_no else held


def told(condition: dict[str, Any], record: Feature, rules: Rules) -> Held:
    """What the record says of one condition."""
    column = condition["column"]
    missing = frozenset([column])
    if "is" in condition or "not" in condition:
        text = record.text(column)
        if text is None:
            return Held(None, missing)
        return Held(text in condition["is"] if "is" in condition else text not in condition["not"])
    value = record.number(column)
    if value is None:
        return estimated(condition["estimate"], record, missing) if "estimate" in condition else (
            Held(None, missing)
        )  # fmt: skip
    if "per" in condition:
        by = record.number(condition["per"])
        if not by:
            return Held(None, frozenset([condition["per"]]))
        value /= by
    tests = {
        "over": lambda bound: value > bound,
        "upto": lambda bound: value <= bound,
        "from": lambda bound: value >= bound,
        "under": lambda bound: value < bound,
    }
    return Held(
        all(test(rules.value(condition[key])) for key, test in tests.items() if key in condition)
    )


def estimated(estimate: dict[str, Any], record: Feature, missing: frozenset[str]) -> Held:
    """What another column tells of one that is missing: surely over, surely not, or unknown.

    Nothing to estimate from is no reason to suspect.
    """
    other = record.number(estimate["column"])
    if other is None or other * estimate["factor"] < estimate["possible_from"]:
        return Held(False)
    guess = other * estimate["factor"]
    # the column stays named: it was not measured
    return Held(True if guess > estimate["certain_over"] else None, missing)
