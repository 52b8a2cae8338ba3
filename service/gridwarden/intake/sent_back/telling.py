"""What is wrong with a row and what its sender does about it, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gridwarden.intake.sent_back.ours import ours
from gridwarden.words import say
from gridwarden.words.speech import known

PLACE: Final = frozenset(
    {
        "no_geometry",
        "nothing_left",
        "not_finite",
        "out_of_range",
        "outside_area",
        "ring_not_closed",
        "too_many_vertices",
        "unreadable_geometry",
        "wrong_type",
    }
)
"""Troubles of the whole place, whichever columns hold it."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that could not be taken: its number, all its troubles in words, their columns, and
    whether its place is one of them."""

    row: int
    words: str
    columns: tuple[str, ...]
    place: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What is marked in a table: its fields from the first column on, the row that names them, the
    rejects by their rows, and the header of the column with the reasons."""

    fields: tuple[str, ...]
    header_row: int
    rejects: Mapping[int, Reject]
    reason: str
    places: frozenset[str] = frozenset()
    """The fields that hold the position."""

    @property
    def at(self) -> int | None:
        """Where a column of ours stands from an earlier time, from 0."""
        return next((i for i, name in enumerate(self.fields) if ours(name)), None)


def reject_of(
    row: int, reason: str, column: str | None, value: str | None, more: Sequence[Any], language: str
) -> Reject:
    """The row with every trouble that was found in it, the first one first."""
    troubles = [{"reason": reason, "column": column, "value": value}, *more]
    told = [sentence(one, language) for one in troubles]
    if len(told) > 1:
        told = [f"{i}. {text}" for i, text in enumerate(told, start=1)]
    columns = [one["column"] for one in troubles if one["column"]]
    place = any(one["reason"] in PLACE and not one["column"] for one in troubles)
    return Reject(row, " ".join(told), tuple(dict.fromkeys(columns)), place)


def sentence(trouble: Mapping[str, str | None], language: str) -> str:
    """One trouble: what stands there, and what to write instead."""
    reason, column, value = (trouble[name] for name in ("reason", "column", "value"))
    what = say(f"intake.reason.{reason}", language) if known(f"intake.reason.{reason}") else reason
    place = say("sent_back.place", language, column=column) if column else ""
    seen = say("sent_back.value", language, value=value[:60]) if value else ""
    do = say(f"sent_back.do.{reason}", language) if known(f"sent_back.do.{reason}") else ""
    stop = "。" if language == "zh" else "."
    return f"{place}{what}{seen}{stop}{'' if language == 'zh' else ' '}{do}".strip()
