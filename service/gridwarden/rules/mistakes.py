"""Mistakes in a pack, told in sentences that say what to change."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from gridwarden.rules.format import Pack
from gridwarden.rules.format.parts import shown

Place = tuple[str | int, ...]
SENTENCES = {
    "string_type": "must be a text, not {value}",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "{value} is not written as it should be (pattern {pattern})",
    "too_short": "needs at least {min_length} of them, not {actual_length}",
    "too_long": "holds at most {max_length} of them, not {actual_length}",
    "greater_than": "must be more than {gt:g}, not {value}",
    "greater_than_equal": "must be {ge:g} or more, not {value}",
    "less_than": "must be less than {lt:g}, not {value}",
    "less_than_equal": "must be {le:g} or less, not {value}",
    "literal_error": "must be {expected}, not {value}",
    "bool_type": "must be true or false, not {value}",
    "bool_parsing": "must be true or false, not {value}",
    "int_type": "must be a whole number, not {value}",
    "tuple_type": "must be a list, not {value}",
    "dict_type": "must be a table, not {value}",
    "model_type": "must be a table, not {value}",
    "date_type": "must be a day (2026-01-31), not {value}",
    "date_parsing": "must be a day (2026-01-31), not {value}",
    "date_from_datetime_parsing": "must be a day (2026-01-31), not {value}",
    "date_from_datetime_inexact": "must be a day (2026-01-31), not {value}",
}


class BadPackError(ValueError):
    """The pack cannot be used: `file`, `line` (where known) and `reason` say what to change."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        self.file, self.line, self.reason = file, line, reason
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")


def place_of(error: Mapping[str, Any]) -> Place:
    """Where in the document pydantic's error is, with the steps that our own checks add."""
    return (*error["loc"], *error.get("ctx", {}).get("at", ()))


def first_of(errors: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The error to tell: a key that is not known explains the one that is missing beside it."""
    first = errors[0]
    if first["type"] != "missing":
        return first
    beside = (
        e for e in errors if e["type"] == "extra_forbidden" and e["loc"][:-1] == first["loc"][:-1]
    )
    return next(beside, first)


def sentence_of(error: Mapping[str, Any]) -> str:
    """What pydantic found, in a sentence; without the place."""
    kind, context = error["type"], error.get("ctx", {})
    loc: Place = error["loc"]
    if kind == "missing":
        return f"{loc[-1]} is missing" if isinstance(loc[-1], str) else "something is missing"
    if kind == "extra_forbidden":
        keys = keys_at(loc[:-1])
        near = get_close_matches(str(loc[-1]), keys, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"
        return f"{loc[-1]} is no key here; {hint}"
    if kind in SENTENCES:
        return SENTENCES[kind].format(value=shown(error["input"]), **context)
    return str(error["msg"])


def where(place: Sequence[str | int], found: Mapping[str, Any]) -> str:
    """A place as an author calls it: the rule by its id, rows counted from 1."""
    words: list[str] = []
    at: Any = found
    for part in place:
        at = _step(at, part)
        if isinstance(part, int):
            name = at.get("id") if isinstance(at, dict) else None
            words[-1] = str(name) if isinstance(name, str) else f"{words[-1]} {part + 1}"
        else:
            words.append(str(part))
    return ", ".join(words)


def _step(at: Any, part: str | int) -> Any:
    """One step into a document, or None where it ends."""
    try:
        return at[part]
    except (KeyError, IndexError, TypeError):
        return None


def keys_at(place: Sequence[str | int]) -> list[str]:
    """The keys that a pack may have at a place."""
    whole = Pack.model_json_schema()
    at: dict[str, Any] = whole
    for part in place:
        at = _plain(at, whole)
        if isinstance(part, int):
            at = at.get("items", {})
        else:
            at = at.get("properties", {}).get(part) or at.get("additionalProperties", {})
    return sorted(_plain(at, whole).get("properties", {}))


def _plain(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """A schema without reference and without its `or null`."""
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            return _plain(option, whole)
    if "$ref" in schema:
        found: dict[str, Any] = whole["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    return schema
