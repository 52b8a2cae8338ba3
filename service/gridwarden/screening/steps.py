"""The steps of a number: one line each, and those of what is read off a record alone."""

from collections.abc import Mapping
from typing import Any

from gridwarden.words import say

Found = Mapping[str, Any]


def tidy(value: float | None) -> float | None:
    """Metres to 0.1 mm, as gaps are rounded before they are judged."""
    return None if value is None else round(float(value), 4)


def step(
    key: str, lang: str, value: float | str | None, unit: str = "m", **words: Any
) -> dict[str, Any]:
    """One line of the construction; `step` names it for a program, `what` for a reader."""
    what = say(f"screening.step.{key}", lang, **words)
    return {"step": key, "what": what, "value": value, "unit": unit}


def counted(
    item: Found, rule: Found, features: Mapping[str, Found | None], lang: str
) -> list[dict[str, Any]]:
    """Class location: how many units the fullest window holds, and which class that asks for."""
    location, told = rule["test"]["location"], item["told"]
    subject = features.get("subject")
    stated = subject["properties"].get("area_class") if subject else None
    units = step(
        "units",
        lang,
        told.get("units"),
        "",
        along=location["along_m"],
        side=location["each_side_m"],
    )
    return [
        units,
        step("class_needed", lang, told.get("location_class"), ""),
        step("class_stated", lang, stated, ""),
    ]


def of_record(rule: Found, subject: Found | None, lang: str) -> list[dict[str, Any]]:
    """An attribute: what stands in the record, and what it is held against."""
    if subject is None:
        return []
    steps: list[dict[str, Any]] = []
    for condition in rule["test"].get("where", ()):
        name, estimate = condition["column"], condition.get("estimate")
        title, value = subject["titles"].get(name, name), subject["properties"].get(name)
        asked = _asked(condition, _unit(name), lang)
        if value is None and estimate:
            other = estimate["column"]
            base = subject["properties"].get(other)
            steps.append(step("record_missing", lang, None, "", column=title))
            steps.append(
                step("estimate_of", lang, base, "", column=subject["titles"].get(other, other))
            )
            product = None if base is None else tidy(base * estimate["factor"])
            steps.append(step("estimate", lang, product, _unit(name), factor=estimate["factor"]))
            steps.append(step("estimate_certain", lang, estimate["certain_over"], _unit(name)))
            steps.append(step("estimate_possible", lang, estimate["possible_from"], _unit(name)))
        elif value is None:
            steps.append(step("record_missing", lang, None, "", column=title))
        elif condition.get("per"):
            per = subject["properties"].get(condition["per"])
            other = subject["titles"].get(condition["per"], condition["per"])
            share = None if not per else tidy(value / per)
            steps.append(step("ratio", lang, share, "", column=title, per=other))
        else:
            steps.append(step("record", lang, value, _unit(name), column=title))
        steps.append(step("asked", lang, asked, "", column=title, asked=asked))
    return steps


def _unit(column: str) -> str:
    return {"m": "m", "mm": "mm", "mpa": "MPa", "m2": "m²", "kv": "kV"}.get(
        column.rpartition("_")[2], ""
    )


def _asked(condition: Found, unit: str, lang: str) -> str:
    """A condition in words: `> 21 m`, `one of …`; a figure stands as what it is set to."""
    for key in ("is", "not"):
        if key in condition:
            values = "、".join(condition[key]) if lang == "zh" else ", ".join(condition[key])
            return say(f"screening.asked.{key}", lang, values=values)
    signs = {"over": ">", "upto": "≤", "from": "≥", "under": "<"}
    given = [(sign, condition[key]) for key, sign in signs.items() if key in condition]
    numbers = [
        f"{sign} {n:g}" if isinstance(n, int | float) else f"{sign} {n}" for sign, n in given
    ]
    unit = "" if condition.get("per") else unit
    return " ".join(f"{number} {unit}".strip() for number in numbers)
