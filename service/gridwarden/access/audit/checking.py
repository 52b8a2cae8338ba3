"""Rows held against their seals, wherever both come from: the database, an archive, a file.

The hashes are computed here, by this program, not by the database that is being checked.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from gridwarden.access.audit.chain import LEAF, NOTHING, Seal, head_of, ids_in, leaf_of
from gridwarden.access.audit.heads import Head

Kind = Literal[
    "edited",
    "removed",
    "reordered",
    "inserted",
    "seal_changed",
    "seal_missing",
    "cut_off",
    "resealed",
    "archive_missing",
    "archive_changed",
    "archived_early",
]
MOST: Final = 1_000
"""Faults that are told one by one."""
_ID: Final = re.compile(r'"id": \d+')


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: with row `id` of seal `seal`, as far as it can be told."""

    kind: Kind
    seal: int | None = None
    id: int | None = None


@dataclass
class Checked:
    """What was checked and what is wrong. `unsealed` rows are too young to be sealed."""

    rows: int = 0
    seals: int = 0
    unsealed: int = 0
    archived: int = 0
    heads: int = 0
    head: bytes = NOTHING
    first: int | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Nothing is wrong."""
        return not self.faults

    def wrong(self, kind: Kind, seal: int | None = None, row: int | None = None) -> None:
        """One more fault; beyond MOST they are no longer told one by one."""
        if len(self.faults) < MOST:
            self.faults.append(Fault(kind, seal, row))


class Checker:
    """Takes seals in their order, each with the lines of its rows in the order of their ids."""

    def __init__(self, heads: Iterable[Head] = ()) -> None:
        self.found = Checked()
        self._before: bytes | None = None
        self._number: int | None = None
        self._numbered = {h.number: h.head for h in heads if h.number is not None}
        self._alone = {h.head for h in heads if h.number is None}
        self._edited: dict[int, tuple[int, str, bytes]] = {}

    def seal(
        self, seal: Seal, rows: Iterable[tuple[int, str]] | None, *, first: bool = False
    ) -> None:
        """One seal. Rows None: they are somewhere else, and only the chain is checked.

        `first`: nothing before it is there to be checked, as in a file of some days.
        """
        if self._number is None and first:
            self._before, self._number, self.found.first = seal.before, seal.number - 1, seal.number
        before = NOTHING if self._before is None else self._before
        if seal.number != (self._number or 0) + 1:
            self.found.wrong("seal_missing", (self._number or 0) + 1)
        elif seal.before != before:
            self.found.wrong("seal_changed", seal.number)
        if head_of(seal) != seal.head or not _agrees(seal):
            self.found.wrong("seal_changed", seal.number)
        if rows is not None:
            self._rows(seal, rows)
        self._outside(seal)
        self._number, self._before = seal.number, seal.head
        self.found.seals += 1
        self.found.head = seal.head

    def _rows(self, seal: Seal, rows: Iterable[tuple[int, str]]) -> None:
        leaves = [seal.leaves[i : i + LEAF] for i in range(0, len(seal.leaves), LEAF)]
        there = dict(rows)
        self.found.rows += len(there)
        if not leaves:  # a file: the root alone tells
            told = b"".join(leaf_of(there[i]) for i in sorted(there))
            if seal.root != hashlib.sha256(told).digest() or len(there) != seal.rows:
                self.found.wrong("edited", seal.number)
            return
        for expected, leaf in zip(ids_in(seal.ids), leaves, strict=False):
            line = there.pop(expected, None)
            if line is None:
                self.found.wrong("removed", seal.number, expected)
            elif leaf_of(line) != leaf:
                self._edited[expected] = seal.number, line, leaf
        for other in there:
            self.found.wrong("inserted", seal.number, other)

    def _outside(self, seal: Seal) -> None:
        """Hold the seal against what was written down outside."""
        written = self._numbered.pop(seal.number, None)
        if written is not None:
            self.found.heads += 1
            if written != seal.head:
                self.found.wrong("resealed", seal.number)
        if seal.head in self._alone:
            self._alone.discard(seal.head)
            self.found.heads += 1

    def end(self, *, upto: int | None = None) -> Checked:
        """All has been seen: what was written down outside and is not there was cut off.

        `upto`: later seals are not to be expected, as in a file of some days.
        """
        moved = _moved(self._edited)
        for number, (seal, _, _) in sorted(self._edited.items()):
            self.found.wrong("reordered" if number in moved else "edited", seal, number)
        self._edited.clear()
        first = self.found.first or 1
        last = max(self._numbered, default=0) if upto is None else upto
        for number in sorted(n for n in self._numbered if first <= n <= last):
            self.found.wrong("cut_off", number)
        for _ in self._alone:
            self.found.wrong("cut_off")
        self._numbered.clear()
        self._alone.clear()
        return self.found


def _agrees(seal: Seal) -> bool:
    """Whether the seal's own parts say the same."""
    try:
        ids = sum(1 for _ in ids_in(seal.ids))
    except ValueError:
        return False
    if not seal.leaves:
        return ids == seal.rows
    told = len(seal.leaves) // LEAF
    return ids == seal.rows == told and hashlib.sha256(seal.leaves).digest() == seal.root


def _moved(edited: dict[int, tuple[int, str, bytes]]) -> set[int]:
    """Of rows that are not what was sealed, those whose content another one had."""
    wanted = {leaf: number for number, (_, _, leaf) in edited.items()}
    found: set[int] = set()
    if len(edited) > MOST:
        return found
    for number, (_, line, _) in edited.items():
        for other in edited:
            if (
                other != number
                and wanted.get(leaf_of(_ID.sub(f'"id": {other}', line, count=1))) == other
            ):
                found |= {number, other}
                break
    return found
