"""A rule's table in words: the columns that it uses, and each row's cells.

Rows are taken as the normal form of a pack has them (`pressure_class`, `area_classes`, …).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gridwarden.words import known, say

Row = Mapping[str, Any]
COLUMNS: Final = (
    "row",
    "class",
    "method",
    "dn",
    "wall",
    "area_class",
    "material",
    "network",
    "depth",
    "limit",
    "severity",
    "verdict",
    "note",
)


def table(rows: Sequence[Row], lang: str) -> tuple[list[str], list[list[str]]]:
    """The columns in which any row says something, and the cells of every row."""
    cells = [_cells(row, lang) for row in rows]
    used = [name for name in COLUMNS if any(one[name] for one in cells)]
    return used, [[one[name] for name in used] for one in cells]


def heading(column: str, lang: str) -> str:
    """A column's words."""
    return say(f"rules.table.{column}", lang)


def in_a_line(row: Row, lang: str) -> str:
    """A row as one line of text, without its number."""
    cells = _cells(row, lang)
    return " · ".join(cells[name] for name in COLUMNS if name != "row" and cells[name])


def limit_words(row: Row, lang: str) -> str:
    """How near is too near: a number, a figure, points, a formula; what it depends on besides."""
    said = ""
    if row.get("points"):
        said = "; ".join(f"{_n(p)} MPa: {_n(m)} m" for p, m in row["points"])
    elif row.get("formula"):
        said = say(f"rules.formula.{row['formula']}", lang)
    elif row.get("figure"):
        value = row.get("figure_m")
        holds = say("rules.figure_unset", lang) if value is None else f"{_n(value)} m"
        said = f"@{row['figure']} ({holds})" if "figure_m" in row else f"@{row['figure']}"
    elif row.get("limit_m") is not None:
        said = f"{_n(row['limit_m'])} m"
    if row.get("per_depth") is not None:
        said = say("rules.per_depth", lang, limit=said or "0 m", times=_n(row["per_depth"]))
    if row.get("over_m") is not None:
        said = say("rules.over", lang, limit=said, over=_n(row["over_m"]))
    return said


def _cells(row: Row, lang: str) -> dict[str, str]:
    note = row.get("note") or {}
    return {
        "row": _n(row.get("row_no")),
        "class": row.get("pressure_class") or "",
        "method": _worded("permits.method", row.get("method"), lang),
        "dn": _between(row, "dn_over", "dn_upto", "> ", "≤ "),
        "wall": _between(row, "wall_min_mm", "wall_under_mm", "≥ ", "< "),
        "area_class": ", ".join(row.get("area_classes") or ()),
        "material": ", ".join(row.get("materials") or ()),
        "network": ", ".join(
            _worded("rules.network", one, lang) for one in row.get("networks") or ()
        ),
        "depth": _between(row, "depth_over_m", "depth_upto_m", "> ", "≤ "),
        "limit": limit_words(row, lang),
        "severity": _worded("severity", row.get("severity"), lang),
        "verdict": _worded("permits.verdict", row.get("verdict"), lang),
        "note": note.get(lang, ""),
    }


def _worded(room: str, value: str | None, lang: str) -> str:
    if not value:
        return ""
    return say(f"{room}.{value}", lang) if known(f"{room}.{value}") else value


def _between(row: Row, low: str, high: str, over: str, upto: str) -> str:
    parts = [
        f"{sign}{_n(row[key])}" for key, sign in ((low, over), (high, upto)) if _given(row, key)
    ]
    return " ".join(parts)


def _given(row: Row, key: str) -> bool:
    return row.get(key) is not None


def _n(value: object) -> str:
    """A number as short as it can be written."""
    return f"{float(value):g}" if isinstance(value, int | float) else str(value or "")


def change_words(change: Mapping[str, Any], lang: str) -> list[str]:
    """What a change of a proposal does, line by line: fields old → new, rows that go and come."""
    if change["what"] != "rule":
        return [] if change["change"] == "removed" else [_thing(change, lang)]
    lines = list(_says(change["says"], lang)) if change["change"] == "added" else []
    lines += [
        say("rules.changes.field", lang, field=name, old=_value(old, lang), new=_value(new, lang))
        for name, (old, new) in sorted(change["fields"].items())
    ]
    lines += [say("rules.changes.goes", lang, row=in_a_line(r, lang)) for r in change["old_rows"]]
    lines += [say("rules.changes.comes", lang, row=in_a_line(r, lang)) for r in change["new_rows"]]
    return lines


def measured_words(rule: Mapping[str, Any], lang: str) -> str | None:
    """From where to where a rule measures; None for one that measures nothing."""
    if rule["kind"] == "attribute" or rule["test"].get("location"):
        return None
    ends = (_worded("rules.measured", rule.get(f"measured_{end}"), lang) for end in ("from", "to"))
    said = " – ".join(end for end in ends if end)
    vertical = rule.get("plane") == "vertical"
    return say("rules.measured_vertical", lang, ends=said) if vertical else said


def _says(rule: Mapping[str, Any], lang: str) -> Iterator[str]:
    """A new rule in a few lines: its sentence, clause, source, whom it judges and when."""
    yield str(rule["text"][lang])
    clause = f"{rule['edition']} {rule['clause']}".strip() or say("rules.page.no_clause", lang)
    verified = say(f"rules.page.{'verified' if rule['verified'] else 'unverified'}", lang)
    yield f"{clause} · {verified} · {say('rules.certainty.' + rule['certainty'], lang)}"
    yield str(rule["source"])
    judged = [*rule["subjects"], *([rule["counterpart"]] if rule.get("counterpart") else [])]
    yield f"{say('rules.kind.' + rule['kind'], lang)} · {', '.join(judged)}"
    if measured := measured_words(rule, lang):
        yield measured
    yield from condition_words(rule["test"], lang)
    if rule.get("replaces"):
        yield say("rules.changes.replaces", lang, rules=", ".join(rule["replaces"]))


def _thing(change: Mapping[str, Any], lang: str) -> str:
    if change["change"] == "added":
        return _value(change["new"], lang)
    words = {"old": _value(change["old"], lang), "new": _value(change["new"], lang)}
    return say("rules.changes.thing", lang, **words)


def _value(value: object, lang: str) -> str:
    """A value of the normal form as people read it."""
    if isinstance(value, Mapping):
        if set(value) == {"en", "zh"}:
            return _value(value[lang], lang)
        return ", ".join(f"{name} {_value(one, lang)}" for name, one in sorted(value.items()))
    if isinstance(value, list | tuple):
        return "; ".join(_value(one, lang) for one in value) or "–"
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return say(f"rules.{'yes' if value else 'no'}", lang)
    return _n(value) if isinstance(value, int | float) else str(value)


SIGNS: Final = {"over": ">", "upto": "≤", "from": "≥", "under": "<"}


def condition_words(test: Mapping[str, Any], lang: str) -> list[str]:
    """The conditions of a rule, a line each: on the subject, on the counterpart, what it counts."""
    lines = [
        say(f"rules.{of}", lang, condition=_condition(one, lang))
        for of in ("where", "counterpart_where")
        for one in test.get(of) or ()
    ]
    if people := test.get("people"):
        lines.append(say("rules.people", lang, **people))
    if location := test.get("location"):
        words = {name: _n(location[name]) for name in ("each_side_m", "along_m")}
        lines.append(say("rules.location", lang, layer=location["layer"], **words))
    return lines


def _condition(one: Mapping[str, Any], lang: str) -> str:
    said = _tested(one)
    return say("rules.unknown_no", lang, condition=said) if one.get("unknown") == "no" else said


def _tested(one: Mapping[str, Any]) -> str:
    column = f"{one['column']} / {one['per']}" if one.get("per") else str(one["column"])
    if "is" in one or "not" in one:
        sign = "=" if "is" in one else "≠"
        return f"{column} {sign} {' | '.join(one.get('is') or one.get('not') or ())}"
    numbers = [f"{sign} {_n(one[key])}" for key, sign in SIGNS.items() if _given(one, key)]
    return f"{column} {' '.join(numbers)}"


def hands(told: Mapping[str, Any], lang: str) -> list[str]:
    """Of a proposal: who made the keys of proposer and decider, and that one person did it."""
    lines = [
        say(f"rules.proposal.{name}", lang, person=told[name])
        for name in ("proposed_key_by", "decided_key_by")
        if told[name]
    ]
    if told["alone"]:
        lines.append(say("rules.proposal.alone", lang, why=told["alone_why"]))
    return lines
