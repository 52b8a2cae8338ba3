"""Which datasets are called nearly so: a name that was mistyped begins a dataset of its own."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from gridwarden.intake.spelling import plain

TOLD: Final = 5
"""Names that are told."""
NEAR: Final = 0.7
"""How much of two names has to be the same (1: all of it)."""


def nearly_called(name: str, there: Iterable[str]) -> list[str]:
    """Of the names that are there those that are nearly this one, the nearest first."""
    spelt: dict[str, str] = {}
    for one in there:
        spelt.setdefault(plain(one), one)
    return [spelt[one] for one in get_close_matches(plain(name), spelt, TOLD, NEAR)]
