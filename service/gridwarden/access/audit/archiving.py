"""Old sealed rows leave the database for signed files, and verifying still understands them.

A file in GRIDWARDEN_HOME/audit/archive is what `gridwarden audit export` writes, of whole seals;
the seals themselves stay in the database, which holds that nothing younger than 180 days leaves.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from gridwarden.access.audit.checking import Checked
from gridwarden.access.audit.exporting import Span, check, signed_lines
from gridwarden.access.audit.heads import Head
from gridwarden.access.audit.sealing import SEALER
from gridwarden.access.audit.signing import public_key_file, public_key_in, signing_key
from gridwarden.database import Pool, as_caller, queries
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.access.audit", "archiving.sql")
MOST: Final = 2_000
"""Seals of one file."""
LEAST: Final = timedelta(days=180)
TIMEOUT_MS: Final = 600_000


@dataclass(frozen=True, slots=True)
class Archive:
    """One file of rows that have left the database."""

    first_seal: int
    last_seal: int
    rows: int
    file: str
    sha256: bytes
    archived_at: datetime


def folder_of(settings: Settings) -> Path:
    """Where the files are."""
    return settings.home / "audit" / "archive"


async def archive_old(pool: Pool, settings: Settings) -> int:
    """Move the sealed rows whose time of keeping is over to files; returns how many files."""
    made = 0
    while await _archive_some(pool, settings):
        made += 1
    return made


async def _archive_some(pool: Pool, settings: Settings) -> bool:
    days = settings.keep_audit_days
    async with as_caller(pool, SEALER, TIMEOUT_MS) as c:
        row = await (await c.execute(Q["due"], {"days": days, "n": MOST})).fetchone()
        if row is None or row[1] is None:
            return False
        first, last = int(row[0]), int(row[1])
        file = folder_of(settings) / f"audit-{first}-{last}.jsonl"
        values = {"first": first, "last": last, "days": days, "file": file.name}
        digest = await _write(c, settings, file, first, last)
        await c.execute(Q["archive"], values | {"sha256": digest})
    return True


async def _write(
    c: AsyncConnection[TupleRow], settings: Settings, file: Path, first: int, last: int
) -> bytes:
    """Write the file, whole, to the disk, before anything is taken out; gives its SHA-256."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = hashlib.sha256()
    now = datetime.now(UTC)
    half = file.with_suffix(".half")
    place = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(place, "wb") as out:
        span = Span(now, now, first, last)
        async for line in signed_lines(c, span, signing_key(settings), SEALER.person):
            out.write(line)
            told.update(line)
        out.flush()
        os.fsync(out.fileno())
    half.rename(file)
    return told.digest()


async def archives_of(c: AsyncConnection[TupleRow]) -> list[Archive]:
    """Every file that rows have gone to, oldest first."""
    async with c.cursor(row_factory=class_row(Archive)) as cursor:
        return await (await cursor.execute(Q["archives"])).fetchall()


def check_archives(
    found: Checked, archives: Iterable[Archive], heads: dict[int, Any], settings: Settings
) -> None:
    """Hold the files against what was written down of them, and against the chain's own heads.

    `heads` are seal number → (head, sealed_at) of what the chain in the database says.
    """
    shown = public_key_file(settings)
    key = public_key_in(shown) if shown.exists() else None
    for one in archives:
        file = folder_of(settings) / Path(one.file).name
        if not file.exists():
            found.wrong("archive_missing", one.first_seal)
            continue
        if hashlib.sha256(file.read_bytes()).digest() != one.sha256:
            found.wrong("archive_changed", one.first_seal)
            continue
        numbers = range(one.first_seal, one.last_seal + 1)
        held = [Head(n, heads[n][0]) for n in numbers if n in heads]
        told = check(file, key, held)
        if not told.whole or told.found.heads != len(numbers):
            found.wrong("archive_changed", one.first_seal)
        youngest = max((heads[n][1] for n in numbers if n in heads), default=one.archived_at)
        if one.archived_at - youngest < LEAST:
            found.wrong("archived_early", one.last_seal)
        found.archived += one.rows
