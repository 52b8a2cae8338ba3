"""Records that meet a rule's conditions, and that keep every other rule away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gridwarden.layers.catalogue import Layer, layer
from gridwarden.sample.plants.book import Book, Json

COMPARISONS = ("over", "upto", "from", "under")
HARMLESS: dict[str, Json] = {
    "buildings": {
        "height_m": 3.0,
        "storeys": 1.0,
        "use": "试验",
        "water_system_state": "ok",
        "households": 1,
    },
    "charging_sheds": {"status": "working"},
    "excavations": {"method": "hand", "depth_m": 0.3},
    "underground_lines": {"dn": 100.0, "od_mm": 100.0, "depth_top_m": 1.0, "laying": "direct"},
}


def meeting(book: Book, name: str, conditions: Sequence[Json]) -> Json:
    """Columns of a record for which all conditions hold."""
    columns: Json = dict(HARMLESS.get(name, {}))
    bounds: dict[tuple[str, str | None], dict[str, float]] = {}
    for one in conditions:
        if "is" in one:
            columns[one["column"]] = _value(layer(name), one["column"], one["is"][0])
        elif "not" in one:
            columns[one["column"]] = other_than(layer(name), one["column"], one["not"])
        else:
            mine = bounds.setdefault((one["column"], one.get("per")), {})
            mine |= {key: book.number(one[key]) for key in COMPARISONS if key in one}
    for (column, per), ends in bounds.items():
        _set_number(columns, name, column, per, _inside(ends))
    return columns


def _inside(ends: dict[str, float]) -> float:
    low = ends.get("over", ends.get("from"))
    high = ends.get("upto", ends.get("under"))
    if low is not None and high is not None:
        return (low + high) / 2
    return low + max(1.0, abs(low) / 10) if low is not None else (high or 0.0) * 0.75


def _set_number(columns: Json, name: str, column: str, per: str | None, value: float) -> None:
    """A number, or a ratio over two; whole where the layer counts."""
    if per:
        columns[per] = 2
        value *= 2
    whole = _type(layer(name), column) == "integer"
    columns[column] = round(value) if whole else round(value, 6)


def _type(declared: Layer, column: str) -> str:
    return next(str(one.type) for one in declared.all_columns if one.name == column)


def _value(declared: Layer, column: str, text: str) -> object:
    return text == "true" if _type(declared, column) == "boolean" else text


def other_than(declared: Layer, column: str, texts: Sequence[str]) -> object:
    """A value that is none of these."""
    if _type(declared, column) == "boolean":
        return "true" not in texts
    choices = next(one.choices for one in declared.all_columns if one.name == column)
    return next((code for code in choices or () if code not in texts), "试验")


def holds(book: Book, condition: Json, columns: Json) -> bool | None:
    """One condition on columns; None for unknown. Estimates are not made."""
    value = columns.get(condition["column"])
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "is" in condition or "not" in condition:
        return text in condition["is"] if "is" in condition else text not in condition["not"]
    if condition.get("per"):
        by = columns.get(condition["per"])
        if not by:
            return None
        value /= by
    ends = {key: book.number(condition[key]) for key in COMPARISONS if key in condition}
    return bool(
        ("over" not in ends or value > ends["over"])
        and ("upto" not in ends or value <= ends["upto"])
        and ("from" not in ends or value >= ends["from"])
        and ("under" not in ends or value < ends["under"])
    )


def quiet(book: Book, name: str, columns: Json, rule: Json | None = None) -> Json:
    """The columns, and more that keep the attribute rules of the layer away, but for `rule`."""
    columns = dict(columns)
    for other in book.rules:
        if other is rule or name not in other["subjects"] or other["kind"] not in QUIETED:
            continue
        conditions = other["test"]["where"]
        if any(holds(book, one, columns) is False for one in conditions):
            continue
        free = [one for one in conditions if columns.get(one["column"]) is None]
        if free:
            columns |= _failing(book, name, free[0])
    return columns


QUIETED = ("attribute", "absence")


def _failing(book: Book, name: str, condition: Json) -> Json:
    column = condition["column"]
    columns: Json = {}
    if "is" in condition:
        return {column: other_than(layer(name), column, condition["is"])}
    if "not" in condition:
        return {column: _value(layer(name), column, condition["not"][0])}
    key = next(key for key in COMPARISONS if key in condition)
    end = book.number(condition[key])
    away = max(1.0, abs(end) / 4)
    value = end + away if key in ("upto", "under") else max(end - away, 0.0)
    _set_number(columns, name, column, condition.get("per"), value)
    return columns


def either_side(book: Book, name: str, condition: Json) -> Iterator[tuple[str, Json]]:
    """Columns just short of and just past each number of a condition."""
    for key in COMPARISONS:
        if key not in condition:
            continue
        end = book.number(condition[key])
        step = 1.0 if _type(layer(name), condition["column"]) == "integer" else 0.005
        beyond = ("above", end + step) if key in ("over", "upto") else ("below", end - step)
        for side, value in (("at", end), beyond):
            columns: Json = {}
            _set_number(columns, name, condition["column"], condition.get("per"), value)
            yield f"{condition['column']}:{key}:{side}", columns
    estimate: dict[str, Any] | None = condition.get("estimate")
    for key in ("possible_from", "certain_over") if estimate else ():
        assert estimate
        for side, shift in (("below", -0.005), ("above", 0.005)):
            value = (estimate[key] + shift) / estimate["factor"]
            yield f"{key}:{side}", {condition["column"]: None, estimate["column"]: value}
