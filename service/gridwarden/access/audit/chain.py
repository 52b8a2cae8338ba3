"""The arithmetic of the chain: what a seal says as one line, its head, and ranges of ids as text.

Nothing here knows a database: the same functions seal, verify, and check a file years later.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

LEAF: Final = 32
"""Bytes of a leaf: SHA-256."""
NOTHING: Final = bytes(LEAF)
"""The head before the first seal."""
_RANGES: Final = re.compile(r"\{((\[-?\d+,-?\d+\))(,\[-?\d+,-?\d+\))*)?\}")
_RANGE: Final = re.compile(r"\[(-?\d+),(-?\d+)\)")


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal. `ids`, `void` and `waiting` are multiranges as PostgreSQL writes them."""

    number: int
    sealed_at: datetime
    upto: int
    ids: str
    void: str
    waiting: str
    rows: int
    root: bytes
    before: bytes
    head: bytes
    leaves: bytes = b""
    """SHA-256 of each row's line, in the order of ids; a file has the lines themselves instead."""

    @property
    def line(self) -> str:
        """What the head is the SHA-256 of."""
        return _line(self)


def sealed(
    number: int, sealed_at: datetime, upto: int, ranges: tuple[str, str, str], leaves: bytes,
    before: bytes,
) -> Seal:  # fmt: skip
    """The seal of these leaves after the head `before`; `ranges` are ids, void and waiting."""
    ids, void, waiting = ranges
    root = hashlib.sha256(leaves).digest()
    rows = len(leaves) // LEAF
    open_one = Seal(number, sealed_at, upto, ids, void, waiting, rows, root, before, b"", leaves)
    head = hashlib.sha256(open_one.line.encode("ascii")).digest()
    return Seal(number, sealed_at, upto, ids, void, waiting, rows, root, before, head, leaves)


def head_of(seal: Seal) -> bytes:
    """The head that a seal must have, by what it says."""
    return hashlib.sha256(seal.line.encode("ascii")).digest()


def leaf_of(line: str) -> bytes:
    """The leaf of a row's line."""
    return hashlib.sha256(line.encode("utf-8")).digest()


def _line(seal: Seal) -> str:
    document = {
        "seal": seal.number,
        "sealed_at": seal.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "upto": seal.upto,
        "ids": seal.ids,
        "void": seal.void,
        "waiting": seal.waiting,
        "rows": seal.rows,
        "root": seal.root.hex(),
        "before": seal.before.hex(),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def seal_in(document: dict[str, Any], head: str) -> Seal:
    """The seal that a line of a file says. Raises ValueError, KeyError or TypeError for none."""
    return Seal(
        number=int(document["seal"]),
        sealed_at=datetime.fromisoformat(document["sealed_at"]),
        upto=int(document["upto"]),
        ids=str(document["ids"]),
        void=str(document["void"]),
        waiting=str(document["waiting"]),
        rows=int(document["rows"]),
        root=bytes.fromhex(document["root"]),
        before=bytes.fromhex(document["before"]),
        head=bytes.fromhex(head),
    )


def ranges_in(text: str) -> Iterator[tuple[int, int]]:
    """First and last id (included) of each range of a multirange. Raises ValueError for no such."""
    if not _RANGES.fullmatch(text):
        raise ValueError("not a multirange of ids")
    for low, high in _RANGE.findall(text):
        yield int(low), int(high) - 1


def ids_in(text: str) -> Iterator[int]:
    """Every id of a multirange."""
    for first, last in ranges_in(text):
        yield from range(first, last + 1)


def multirange(ids: Iterable[int]) -> str:
    """Ids as a multirange that PostgreSQL reads: consecutive ones as one range."""
    parts: list[str] = []
    first = last = None
    for one in sorted(set(ids)):
        if first is None or last is None:
            first = last = one
        elif one == last + 1:
            last = one
        else:
            parts.append(f"[{first},{last + 1})")
            first = last = one
    if first is not None and last is not None:
        parts.append(f"[{first},{last + 1})")
    return "{" + ",".join(parts) + "}"
