"""Query parameters read strictly: one that is unknown or said twice would answer too much."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from gridwarden.words.problems import Problem

GREATEST_LIMIT: Final = 1000
"""Rows of one page, however many are asked for."""
NOBODY_MEANS: Final = 1_000_000
"""Rows that no page is asked for in earnest."""
LONGEST: Final = 200
GRADES: Final[Mapping[str, tuple[str, ...]]] = {
    "severity": ("general", "serious", "major"),
    "certainty": ("certain", "possible"),
}
"""What two filters of findings, and of what is told of them, can be."""


def given_of(
    items: Iterable[tuple[str, str]],
    known: Collection[str],
    choices: Mapping[str, Collection[str]] = GRADES,
) -> dict[str, str]:
    """The parameters by name.

    Raises Problem (400) for an unknown or repeated one, for a text that no name has, and for what
    is none of a filter's choices.
    """
    given: dict[str, str] = {}
    for name, value in items:
        if name not in known:
            raise Problem("unknown_parameter", field=name[:80])
        if name in given:
            raise Problem("invalid_value", "asked.repeated", field=name)
        if "\x00" in value or len(value) > LONGEST:
            raise Problem("invalid_value", "asked.bad_text", field=name)
        given[name] = value
    check_choices(given, choices)
    return given


def check_choices(given: Mapping[str, str], choices: Mapping[str, Collection[str]]) -> None:
    """Raises Problem (400) for what is none of the choices that there are for it."""
    for name, allowed in choices.items():
        if name in given and given[name] not in allowed:
            told = ", ".join(allowed) or "–"
            raise Problem("invalid_value", "asked.bad_choice", field=name, choices=told)


def limit_of(given: Mapping[str, str]) -> int:
    """How many rows of a page were asked for. Raises Problem (400)."""
    return rows_of_page(whole(given.get("limit", "100"), "limit", least=1))


def rows_of_page(rows: int) -> int:
    """The rows of a page for who asks for so many. Raises Problem (400) for far too many."""
    if rows > NOBODY_MEANS:
        raise Problem("invalid_value", "asked.huge_limit", field="limit", most=GREATEST_LIMIT)
    return min(rows, GREATEST_LIMIT)


def whole(text: str, name: str, least: int) -> int:
    """A whole number. Raises Problem (400, naming the parameter) for anything else."""
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < least:
        raise Problem("invalid_value", "asked.bad_number", field=name, least=least)
    return int(text)
