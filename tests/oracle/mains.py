"""A main as the rules see it, and what a rule's rows ask of it.

Rows that certainly apply win; where none does, all that may apply do together: the largest limit
and the strongest severity, possible at most, and the fields that were missing are named.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .packs import PIR, SEVERITIES, VERDICTS, Rule, Rules, interpolated, ticks
from .reading import Feature

Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a rule asks of a main: limit in 0.1 mm, grade, and what is not known about it."""

    limit: int
    severity: str
    missing: frozenset[str] = frozenset()
    verdict: str | None = None
    over: int | None = None
    certain: bool = True


@dataclass(frozen=True)
class Main:
    """A main, its outer edge, and its class in each system."""

    feature: Feature
    half_od_m: float
    od_missing: bool
    classes: dict[str, str | None]
    others: dict[str, str | None]
    """The class that the pressure is of, where the record states another one."""

    def edge(self, rule: Rule) -> float:
        """What is taken off a distance to its line, metres."""
        return 0.0 if rule.measured[0] == "centreline" else self.half_od_m

    def class_for(self, rule: Rule) -> str:
        """Its class in the rule's own system."""
        return self.classes.get(rule.classes) or "unknown"

    def missing(self, rule: Rule) -> frozenset[str]:
        """What was missing to know its edge."""
        needed = self.od_missing and rule.measured[0] != "centreline"
        return frozenset(["dn"]) if needed else frozenset()


def as_main(feature: Feature, rules: Rules) -> Main:
    """Class by what is stated, else by pressure; diameter by what is stated, else by table."""
    classes = {name: class_in(levels, feature) for name, levels in rules.systems.items()}
    outer = outer_diameter(feature, rules)
    missing = outer is None
    half = (rules.missing_od_mm if outer is None else outer) / 2000
    by_pressure = {
        name: class_by_pressure(levels, feature) for name, levels in rules.systems.items()
    }
    others = {
        name: by_pressure[name] if by_pressure[name] not in (None, classes[name]) else None
        for name in classes
    }
    return Main(feature, half, missing, classes, others)


def class_in(levels: list[Row], feature: Feature) -> str | None:
    """Its class in one system."""
    stated = feature.text("pressure_class")
    if any(level["id"] == stated for level in levels):
        return stated
    return class_by_pressure(levels, feature)


def class_by_pressure(levels: list[Row], feature: Feature) -> str | None:
    """The class that its pressure is of."""
    pressure = feature.number("p_mop_mpa")
    if pressure is None:
        return None
    pressure = round(pressure, 6)
    for level in reversed(levels):
        low, high = level["over_mpa"], level["upto_mpa"]
        above = pressure > low or (level.get("closed_below", False) and pressure == low)
        if above and pressure <= high:
            return str(level["id"])
    return None


def outer_diameter(feature: Feature, rules: Rules) -> float | None:
    """In mm: as stated, by the table of its material, or the nominal one."""
    stated, nominal = feature.number("od_mm"), feature.number("dn")
    if stated or not nominal:
        return stated or None
    table = rules.diameters.get(feature.text("material") or "", {}).get("dn", {})
    return float(table.get(f"{nominal:g}", nominal))


def asked(
    rule: Rule,
    main: Main,
    rules: Rules,
    method: str | None = None,
    depth: float | None = None,
) -> Iterator[Asked]:
    """What the rule asks of this main: once, or for an activity once a method and depth band."""
    bands: dict[tuple[Any, ...], list[tuple[bool, Asked]]] = {}
    for row in rule.rows:
        truth, missing = applies(row, rule, main)
        if truth is False or not deep_enough(row, depth):
            continue
        limit, unknown = limit_of(row, rule, main, rules, depth)
        verdict = row.get("verdict")
        severity = row.get("severity") or ("serious" if verdict == "prohibited" else "general")
        over = ticks(row["over_m"]) if "over_m" in row else None
        one = Asked(limit, severity, missing | unknown, verdict, over, not (missing | unknown))
        for mine in as_list(row.get("method", "")):
            if not method or not mine or mine == method:
                band = (mine, row.get("depth_over_m"), row.get("depth_upto_m"))
                bands.setdefault(band, []).append((bool(truth), one))
    for (mine, *_), fits in bands.items():
        sure = [one for truth, one in fits if truth]
        worst = strictest(sure or [one for _, one in fits])
        if mine and not method:
            worst = replace(worst, missing=worst.missing | {"method"}, certain=False)
        yield worst


def strictest(those: list[Asked]) -> Asked:
    """The largest limit, the strongest severity, and everything that is missing."""
    largest = max(those, key=lambda one: (one.limit, VERDICTS.index(one.verdict or "notify")))
    return Asked(
        largest.limit,
        max((one.severity for one in those), key=SEVERITIES.index),
        frozenset().union(*(one.missing for one in those)),
        largest.verdict,
        largest.over,
        all(one.certain for one in those),
    )


def deep_enough(row: Row, depth: float | None) -> bool:
    """Whether a row is for work of this depth; an unknown one counts as the deepest."""
    deep = math.inf if depth is None else depth
    return bool(row.get("depth_over_m", -math.inf) < deep <= row.get("depth_upto_m", math.inf))


def as_list(said: Any) -> list[str]:
    """One text or several."""
    return [said] if isinstance(said, str) else list(said)


def applies(row: Row, rule: Rule, main: Main) -> tuple[bool | None, frozenset[str]]:
    """Whether a row is for this main, in three values, and the fields that were missing."""
    truth: bool | None = True
    missing = set()
    for column, said in conditions(row, rule, main):
        if said is False:
            return False, frozenset()
        if said is None:
            truth = None
            missing.add(column)
    return truth, frozenset(missing)


def conditions(row: Row, rule: Rule, main: Main) -> Iterator[tuple[str, bool | None]]:
    """Each condition of a row, and of its rule's `main`, with the field that it asks about."""
    record = main.feature
    usual = {key: said for key, said in rule.main.items() if key not in row}
    for part in (row, usual):
        if "class" in part:
            mine, other = main.classes.get(rule.classes), main.others.get(rule.classes)
            said = as_list(part["class"])
            doubtful = mine is None or (other is not None and (mine in said or other in said))
            yield "pressure_class", None if doubtful else mine in said
        for column, key, test in (
            ("dn", "dn_over", lambda value, end: value > end),
            ("dn", "dn_upto", lambda value, end: value <= end),
            ("wall_mm", "wall_min_mm", lambda value, end: value >= end),
            ("wall_mm", "wall_under_mm", lambda value, end: value < end),
        ):
            if key in part:
                value = record.number(column)
                yield column, None if value is None else test(value, part[key])
        for column in ("area_class", "material", "network"):
            if column in part:
                text = record.text(column) or ("city" if column == "network" else None)
                yield column, None if text is None else text in as_list(part[column])


def limit_of(
    row: Row, rule: Rule, main: Main, rules: Rules, depth: float | None
) -> tuple[int, frozenset[str]]:
    """The row's number for this main in 0.1 mm, and what was missing to know it."""
    pressure = main.feature.number("p_mop_mpa")
    if "interpolate" in row:
        if pressure is None or main.others.get(rule.classes) is not None:
            return rules.limit(row) or 0, frozenset(["p_mop_mpa"])
        return interpolated(row["interpolate"], pressure), frozenset()
    if row.get("formula") == "pir":
        return impact_radius(rule, main, rules)
    limit = rules.limit(row) or 0
    if "per_depth" in row and depth is not None:
        limit = max(limit, ticks(row["per_depth"] * depth))
    return limit, frozenset()


def impact_radius(rule: Rule, main: Main, rules: Rules) -> tuple[int, frozenset[str]]:
    """The potential impact radius.

    An unknown pressure counts as the upper end of its class (of the highest class that has one
    under 100 MPa; 10 MPa else), an unknown diameter as the pack's.
    """
    pressure, missing = main.feature.number("p_mop_mpa"), set()
    if pressure is None:
        missing.add("p_mop_mpa")
        own = main.classes[rule.classes]
        ends = [
            float(level["upto_mpa"])
            for level in rules.systems[rule.classes]
            if own in (None, level["id"]) and level["upto_mpa"] < 100
        ]
        pressure = max(ends, default=10.0)
    across = main.feature.number("dn") or main.feature.number("od_mm")
    if across is None:
        missing.add("dn")
        across = rules.missing_od_mm
    return ticks(PIR * math.sqrt(pressure) * across), frozenset(missing)


def relaxations(rule: Rule, main: Main, kept: int | None) -> Iterator[tuple[str, bool | None]]:
    """Each relaxation for its class, and whether it holds at this gap less accuracy (0.1 mm).

    Null where it needs an agreement, or where the record does not tell.
    """
    for one in rule.toml.get("relaxation", []):
        if "class" in one and main.classes[rule.classes] not in as_list(one["class"]):
            continue
        met = None if kept is None else kept >= ticks(one["limit_m"])
        wall = main.feature.number("wall_mm")
        if "wall_min_mm" in one and met is not False:
            met = None if wall is None or met is None else wall >= one["wall_min_mm"]
            if wall is not None and wall < one["wall_min_mm"]:
                met = False
        holds = None if met and one.get("agreement") else met
        yield one["id"], holds
