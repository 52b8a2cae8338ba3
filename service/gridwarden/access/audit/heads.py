"""The head of the chain, outside the database: a file a day in GRIDWARDEN_HOME/audit/heads.

Whoever rules the database can cut the trail and seal what is left anew; they cannot change what
was written here before, on paper, or in another office's log. One line a seal:
`number head upto sealed_at`.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gridwarden.access.audit.sealing import SEALER, Q
from gridwarden.database import Pool, as_caller
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Head:
    """One head as it was written down; `number` is None where only the head itself is known."""

    number: int | None
    head: bytes


def folder_of(settings: Settings) -> Path:
    """Where the heads are."""
    return settings.home / "audit" / "heads"


async def export_heads(pool: Pool, settings: Settings) -> int:
    """Write the heads that no file holds yet, in their order; returns how many."""
    folder = folder_of(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    after, written = _last(folder), 0
    while True:
        async with as_caller(pool, SEALER) as c:
            rows = await (await c.execute(Q["heads"], {"after": after, "n": MOST})).fetchall()
        if not rows:
            return written
        _append(folder, rows)
        after, written = rows[-1][0], written + len(rows)


def _append(folder: Path, rows: Iterable[tuple[int, int, bytes, datetime]]) -> None:
    days: dict[str, list[str]] = {}
    newest = max((file.stem for file in folder.glob("*.txt")), default="")
    for number, upto, head, at in rows:
        moment = at.astimezone(UTC)
        line = f"{number} {bytes(head).hex()} {upto} {moment.isoformat(timespec='seconds')}\n"
        # Never a day before the last one, though the clock was set back: `_last` looks there.
        newest = max(newest, moment.date().isoformat())
        days.setdefault(newest, []).append(line)
    for day, lines in days.items():
        _write(folder / f"{day}.txt", "".join(lines).encode("ascii"))


def _write(file: Path, lines: bytes) -> None:
    """Add lines to a file, or nothing: of what a full disk took half, the next would be read as
    the rest. Raises OSError.
    """
    place = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        before = os.fstat(place).st_size
        try:
            if os.write(place, lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(place)
        except OSError:
            os.ftruncate(place, before)
            raise
    finally:
        os.close(place)


def _last(folder: Path) -> int:
    """The number of the newest head that is written down; 0 for none."""
    newest = 0
    for file in sorted(folder.glob("*.txt"))[-2:]:
        newest = max([newest, *(head.number or 0 for head in _lines(file.read_text("ascii")))])
    return newest


def _lines(text: str) -> Iterator[Head]:
    """The heads of a file; a half-written last line is none."""
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 4 and parts[0].isdecimal() and len(parts[1]) == 64:
            yield Head(int(parts[0]), bytes.fromhex(parts[1]))


def kept_heads(settings: Settings) -> list[Head]:
    """Every head that this installation has written down."""
    files = sorted(folder_of(settings).glob("*.txt"))
    return [head for file in files for head in _lines(file.read_text("ascii"))]


def heads_of(named: str) -> list[Head]:
    """The heads that somebody holds against the trail: a file of them, or one head itself.

    Raises Problem (400) for what is neither.
    """
    plain = named.strip().lower()
    if len(plain) == 64 and all(letter in "0123456789abcdef" for letter in plain):
        return [Head(None, bytes.fromhex(plain))]
    try:
        found = list(_lines(Path(named).read_text("ascii")))
    except (OSError, ValueError):
        found = []
    if not found:
        raise Problem("invalid_value", "audit.problem.head", field="--head")
    return found
