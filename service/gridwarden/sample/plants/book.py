"""What the packs in force ask, read from their published form: rules, classes, figures, limits.

`Look` is a main as rules see it. A look says yes, no or "unknown" to the conditions of a row, as a
record does; what is asked of it follows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from gridwarden.layers.gas_pipelines import PRESSURE_CLASSES
from gridwarden.rules.format import LEVELS, MAINS

Json = dict[str, Any]

BASE_OD_MM = 200.0
"""Every planted main says that its outer diameter is this, unless diameters are the point."""
PIR = 0.69 * 0.3048 / 25.4 / math.sqrt(0.006894757293168)


@dataclass(frozen=True)
class Look:
    """A main as rules see it; all None is a main of which nothing is known."""

    stated: str | None = None
    p_mpa: float | None = None
    dn: float | None = None
    wall_mm: float | None = None
    area_class: str | None = None
    material: str | None = None
    network: str | None = None

    def columns(self) -> Json:
        """The columns of its record."""
        return {
            "pressure_class": self.stated, "p_mop_mpa": self.p_mpa, "dn": self.dn,
            "od_mm": BASE_OD_MM, "wall_mm": self.wall_mm, "area_class": self.area_class,
            "material": self.material, "network": self.network,
        }  # fmt: skip


class Book:
    """Several packs in force together: a base, and what extends it."""

    def __init__(self, packs: Sequence[Json]) -> None:
        self.packs = sorted(packs, key=lambda one: LEVELS.index(one["pack"]["level"]))
        self.base = next(one for one in packs if one["pack"]["base"])
        self.point_radius_m = float(self.base["pack"]["point_radius_m"])
        self.shown = str(self.base["pack"]["class_system"])
        self.figures: dict[str, float | None] = {}
        self.levels: dict[str, list[Json]] = {}
        self.rules: list[Json] = []
        replaced = {name for one in packs for rule in one["rules"] for name in rule["replaces"]}
        for pack in self.packs:
            for level in pack["classes"]:
                self.levels.setdefault(level["system"], []).append(level)
            self.figures |= {one["id"]: one["value"] for one in pack["figures"]}
        for pack in self.packs:
            prefix = "" if pack is self.base else f"{pack['pack']['id']}/"
            self.rules += [
                rule | {"name": prefix + rule["rule"]}
                for rule in pack["rules"]
                if rule["rule"] not in replaced and self._set(rule)
            ]

    def _set(self, rule: Json) -> bool:
        """Whether every figure that it uses has a value."""
        used = {row["figure"] for row in rule["rows"]} - {None}
        for condition in (*rule["test"]["where"], *rule["test"]["counterpart_where"]):
            used |= {v[1:] for v in condition.values() if isinstance(v, str) and v[:1] == "@"}
        return all(self.figures.get(name) is not None for name in used)

    def number(self, said: float | str) -> float:
        """A number, or the figure that `@id` names."""
        if isinstance(said, str):
            return float(self.figures[said.removeprefix("@")] or 0)
        return float(said)

    def beside_mains(self, layer: str | None = None) -> Iterator[Json]:
        """Rules that judge a layer (or any) by its distance to mains."""
        for rule in self.rules:
            if rule["counterpart"] == MAINS and (layer is None or layer in rule["subjects"]):
                yield rule

    # ------------------------------------------------------------------ classes
    def system(self, rule: Json) -> str:
        """The class system of a rule."""
        return str(rule["classes"] or self.shown)

    def class_of(self, system: str, look: Look) -> str | None:
        """The class of a look."""
        levels = self.levels[system]
        if any(level["class"] == look.stated for level in levels):
            return look.stated
        p = look.p_mpa
        if p is None or p > levels[-1]["upto_mpa"]:
            return None
        for level in reversed(levels):
            if p > level["over_mpa"] or (level["closed_below"] and p == level["over_mpa"]):
                return str(level["class"])
        return None

    def pressure_in(self, system: str, name: str | None) -> float:
        """A pressure well inside a class; of the weakest class without a name."""
        levels = self.levels[system]
        level = next((one for one in levels if one["class"] == name), levels[0])
        low = max(float(level["over_mpa"]), 0.0)
        high = float(level["upto_mpa"])
        return round((low + (high if high < 100 else 2 * low + 1)) / 2, 6)

    def look(self, rule: Json, row: Json, **given: Any) -> Look:
        """A main to which this row certainly applies; `given` columns are as they are told."""
        system = self.system(rule)
        p = given.pop("p_mpa", None) or self.pressure_in(system, row["pressure_class"])
        name = self.class_of(system, Look(p_mpa=p))
        stated = name if name in PRESSURE_CLASSES else None
        most = row["dn_upto"] or math.inf
        dn = 200.0 if (row["dn_over"] or 0) < 200 <= most else min(most, (row["dn_over"] or 0) + 50)
        wall = row["wall_min_mm"] or min(5.0, (row["wall_under_mm"] or 9.0) - 1.0)
        look = Look(
            stated, p, dn, wall, (row["area_classes"] or ["1"])[0],
            (row["materials"] or ["steel"])[0], (row["networks"] or ["city"])[0],
        )  # fmt: skip
        return replace(look, **given)

    def fits(self, rule: Json, row: Json, look: Look) -> bool | None:
        """Whether a row is for such a main; None where its record does not tell."""
        truth: bool | None = True
        for said in self._conditions(rule, row, look):
            if said is False:
                return False
            truth = None if said is None else truth
        return truth

    def _conditions(self, rule: Json, row: Json, look: Look) -> Iterator[bool | None]:
        mine = self.class_of(self.system(rule), look)
        network = look.network or "city"
        for wanted, value in (
            (row["pressure_class"] and [row["pressure_class"]], mine),
            (row["area_classes"], look.area_class),
            (row["materials"], look.material),
            (row["networks"], network),
        ):
            if wanted:
                yield None if value is None else value in wanted
        low, high = row["dn_over"], row["dn_upto"]
        if low is not None or high is not None:
            yield None if look.dn is None else (low or 0.0) < look.dn <= (high or math.inf)
        low, high = row["wall_min_mm"], row["wall_under_mm"]
        if low is not None or high is not None:
            wall = look.wall_mm
            yield None if wall is None else (low or 0.0) <= wall < (high or math.inf)

    # ------------------------------------------------------------------ limits
    def limit(self, row: Json, look: Look, depth_m: float = 0.0) -> float:
        """What a row asks of a look, metres rounded to 0.1 mm."""
        if row["points"]:
            metres = interpolated(row["points"], look.p_mpa)
        elif row["formula"]:
            p = look.p_mpa if look.p_mpa is not None else 4.0
            metres = PIR * math.sqrt(p) * (look.dn or BASE_OD_MM)
        elif row["figure"]:
            metres = self.number(f"@{row['figure']}")
        else:
            metres = float(row["limit_m"] or 0)
        return round(max(metres, (row["per_depth"] or 0) * depth_m), 4)

    def asked(self, rule: Json, look: Look, method: str | None = None) -> float:
        """The largest limit of the rows that certainly fit, or else that may; -1 where none."""
        rows = [row for row in rule["rows"] if not method or row["method"] in (None, method)]
        fits = [(self.fits(rule, row, look), self.limit(row, look)) for row in rows]
        sure = [limit for truth, limit in fits if truth]
        return max(sure or [limit for truth, limit in fits if truth is None], default=-1.0)

    def reach(self, layer: str, look: Look) -> float:
        """How far from such a main a layer's features are judged, metres."""
        return max((self.asked(rule, look) for rule in self.beside_mains(layer)), default=0.0)


def interpolated(points: Sequence[Sequence[float]], p: float | None) -> float:
    """Linear between the points, level outside, the largest for an unknown pressure."""
    if p is None:
        return max(metres for _, metres in points)
    for (p1, m1), (p2, m2) in pairwise(points):
        if p <= p2:
            return m1 if p <= p1 else m1 + (m2 - m1) * (p - p1) / (p2 - p1)
    return points[-1][1] if p > points[0][0] else points[0][1]
