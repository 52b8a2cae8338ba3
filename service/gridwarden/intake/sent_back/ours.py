"""The column that a file gets from us when it goes home; when it comes back, nobody reads it."""

import unicodedata
from collections.abc import Iterable
from typing import Final

_BEGINS: Final = "gridwarden:"
REASON: Final = {"zh": "Gridwarden: 原因", "en": "Gridwarden: reason"}
ONLY_THESE: Final = {"zh": "Gridwarden: 仅待改行", "en": "Gridwarden: rejected rows only"}
"""Of a file that holds nothing but rejected rows: mended, it adds those and removes no other."""


def _spelt(field: str) -> str:
    return unicodedata.normalize("NFKC", field).strip().casefold()


def ours(field: str) -> bool:
    """Whether a field of a file is one that we have added, also under a header of two rows."""
    return _BEGINS in _spelt(field)


def theirs(fields: Iterable[str]) -> tuple[str, ...]:
    """The fields that the sender's file has of its own."""
    return tuple(field for field in fields if not ours(field))


def only_rejects(fields: Iterable[str]) -> bool:
    """Whether a file says of itself that it holds rejected rows only."""
    known = {_spelt(name) for name in ONLY_THESE.values()}
    return any(_spelt(field) in known for field in fields)
