"""Where a required number comes from, and what the notes of its table would allow instead."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from gridwarden.words import say

Found = Mapping[str, Any]
CHOOSE: Final = frozenset(("pressure_class", "dn", "wall_mm", "area_class", "material"))
"""Columns of a main by which rows are chosen."""


def asked_how(
    item: Found, rule: Found, main: Found | None, figures: Mapping[str, Found], lang: str
) -> dict[str, Any]:
    """How the row gave its number: `by` for a program, `say` for a reader, and what went in."""
    row, told = rule["row"], item["told"]
    required = item["required_m"]
    words: dict[str, Any] = {"required": _number(required)}
    if row.get("points"):
        pressure = told.get("p_mop_mpa")
        pair = between(row["points"], pressure)
        if pressure is None:
            return _told("points_unknown", lang, {"points": row["points"]}, words)
        low, high = pair
        words |= {"p": _number(pressure), "low_p": _number(low[0]), "low_m": _number(low[1])}
        words |= {"high_p": _number(high[0]), "high_m": _number(high[1])}
        key = "interpolated" if low != high else "end_point"
        return _told(key, lang, {"between": [low, high], "p_mop_mpa": pressure}, words)
    if row.get("formula"):
        pressure, diameter = told.get("p_mop_mpa"), told.get("d_mm")
        unknown = pressure is None or diameter is None
        words |= {"p": _number(pressure), "d": _number(diameter)}
        facts = {"formula": row["formula"], "p_mpa": pressure, "d_mm": diameter}
        return _told("formula_unknown" if unknown else "formula", lang, facts, words)
    if row.get("figure"):
        figure = figures.get(row["figure"])
        title = (figure or {}).get("title") or {}
        words |= {"title": title.get(lang, row["figure"]), "pack": (figure or {}).get("pack", "–")}
        words["unit"] = (figure or {}).get("unit") or ""
        facts = {"figure": figure and {**figure, "value": float(figure["value"])}}
        return _told("figure", lang, facts, words)
    if required is None:
        return _told("no_number", lang, {}, words)
    if row.get("per_depth"):
        return _told("per_depth", lang, {}, words | {"per_depth": _number(row["per_depth"])})
    if main is not None and CHOOSE & set(item["missing"]):
        return _told("strictest", lang, {}, words)
    return _told("table", lang, {}, words)


def _told(by: str, lang: str, facts: Found, words: Found) -> dict[str, Any]:
    return {"by": by, "say": say(f"screening.row.{by}", lang, **words), **facts}


def between(points: list[list[float]], pressure: float | None) -> tuple[list[float], list[float]]:
    """The two points that a pressure lies between; twice the same at and beyond the ends."""
    if pressure is None or pressure <= points[0][0]:
        return points[0], points[0]
    for low, high in pairwise(points):
        if pressure == high[0]:
            return high, high
        if pressure < high[0]:
            return low, high
    return points[-1], points[-1]


def _number(value: Any) -> str:
    return "–" if value is None else f"{float(value):g}".replace("-", "−")


def relaxations(item: Found, rule: Found, main: Found | None, lang: str) -> list[dict[str, Any]]:
    """The relaxations that this main's class may have: would they allow it, do their conditions
    hold. `holds` is null where that is not on record, or takes an agreement that nobody recorded.
    """
    found = item["told"].get("relaxations", ())
    return [_relaxation(item, one, main, lang) for one in found]


def _relaxation(item: Found, one: Found, main: Found | None, lang: str) -> dict[str, Any]:
    limit, said = float(one["limit_m"]), []
    accuracy = float(item["accuracy_m"] or 0)
    allowed = (
        float(item["distance_m"]) - accuracy >= limit if item["distance_m"] is not None else None
    )
    said.append(
        say(f"screening.relaxed.{'far' if allowed else 'near'}", lang, limit=_number(limit))
    )
    least = one.get("wall_min_mm")
    if least is not None:
        wall = main and main["wall_mm"]
        key = "wall_unknown" if wall is None else "wall_met" if wall >= least else "wall_thin"
        said.append(say(f"screening.relaxed.{key}", lang, least=_number(least), wall=_number(wall)))
    if one.get("agreement"):
        said.append(say("screening.relaxed.agreement", lang))
    return {
        "id": one["id"],
        "limit_m": limit,
        "text": one.get("text"),
        "certainty": one.get("certainty"),
        "wall_min_mm": least,
        "agreement": bool(one.get("agreement")),
        "would_allow": allowed,
        "holds": one.get("holds"),
        "say": said,
    }
