"""A part of the trail as a signed file that an outsider checks without this service's database.

JSON lines: what it is; then each seal, whole, followed by its rows, byte for byte what was hashed;
at the end the signature over everything before it. Whole seals: a row or two outside the asked
time may be among them.
"""

import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.access.audit.chain import Seal, seal_in
from gridwarden.access.audit.checking import Checked, Checker
from gridwarden.access.audit.heads import Head
from gridwarden.access.audit.reading import lines_of, seals_after
from gridwarden.access.audit.sealing import ROWS as Q
from gridwarden.access.audit.signing import fingerprint, holds, signing_key
from gridwarden.database import Caller, Pool, as_caller
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

FORMAT: Final = 1
TIMEOUT_MS: Final = 600_000
MEDIA: Final = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Span:
    """What a file is to hold: seals `first` to `last`, asked for by a time."""

    since: datetime
    until: datetime
    first: int
    last: int


async def span_of(c: AsyncConnection[TupleRow], since: datetime, until: datetime) -> Span:
    """The seals that hold the rows of a time. Raises Problem `not_found` where there are none."""
    row = await (await c.execute(Q["span"], {"since": since, "until": until})).fetchone()
    assert row is not None
    if row[0] is None:
        raise Problem("not_found", "audit.problem.nothing_sealed", field="from")
    return Span(since, until, row[0], row[1])


async def signed_lines(
    c: AsyncConnection[TupleRow], span: Span, key: Ed25519PrivateKey, person: str
) -> AsyncIterator[bytes]:
    """The file, line by line, in an open transaction of who may read the trail."""
    told = hashlib.sha256()
    head = {
        "gridwarden_audit": FORMAT,
        "from": span.since.isoformat(),
        "to": span.until.isoformat(),
        "seals": [span.first, span.last],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_by": person,
        "key": fingerprint(key.public_key()),
    }
    line = _line(head)
    told.update(line)
    yield line
    after = span.first - 1
    while after < span.last:
        seals = await seals_after(c, after, min(50, span.last - after))
        if not seals:
            break
        after = seals[-1].number
        rows = await lines_of(c, seals)
        for seal in seals:
            some = _sealed(seal, rows.get(seal.number, []))
            told.update(some)
            yield some
    digest = told.digest()
    signature = base64.b64encode(key.sign(digest)).decode("ascii")
    yield _line({"sha256": digest.hex(), "signature": signature})


def _sealed(seal: Seal, rows: list[tuple[int, str]]) -> bytes:
    first = _line({"head": seal.head.hex(), "says": seal.line})
    return first + b"".join(line.encode("utf-8") + b"\n" for _, line in rows)


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n"


@dataclass
class CheckedFile:
    """What a file says of itself, and whether it holds. `signed` is None without a public key."""

    says: dict[str, Any] = field(default_factory=dict)
    found: Checked = field(default_factory=Checked)
    unharmed: bool = False
    signed: bool | None = None

    @property
    def whole(self) -> bool:
        """Nothing in it was changed, and whoever signed it is who they should be."""
        return self.found.whole and self.unharmed and self.signed is not False


def check(file: Path, key: Ed25519PublicKey | None, heads: list[Head]) -> CheckedFile:
    """Check a signed file with nothing but the file, a public key and heads that were kept.

    Raises Problem (400) for a file that is none of ours.
    """
    done = CheckedFile()
    told = hashlib.sha256()
    checker = Checker(heads)
    end: dict[str, Any] = {}
    seal: Seal | None = None
    rows: list[tuple[int, str]] = []

    def close() -> None:
        if seal is not None:
            checker.seal(seal, rows, first=True)

    try:
        for number, line in enumerate(_lines(file)):
            text = line.decode("utf-8").rstrip("\n")
            document = json.loads(text)
            if number == 0:
                done.says = document
                if document["gridwarden_audit"] != FORMAT:
                    raise ValueError
            elif "signature" in document:
                end = document
                continue
            elif "says" in document:
                close()
                seal, rows = seal_in(json.loads(document["says"]), document["head"]), []
                if seal.line != document["says"]:
                    raise ValueError
            else:
                rows.append((int(document["id"]), text))
            told.update(line)
            if end:
                raise ValueError
        close()
        first, last = done.says["seals"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Problem("unreadable_file", "audit.problem.file", field="FILE") from None
    done.found = checker.end(upto=last)
    if seal is None or (checker.found.first, seal.number) != (first, last):
        done.found.wrong("seal_missing", last)
    signature = base64.b64decode(end.get("signature", ""))
    done.unharmed = end.get("sha256") == told.hexdigest()
    done.signed = None if key is None else holds(key, signature, told.digest())
    return done


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as read:
        yield from read


async def taken_out(
    pool: Pool, caller: Caller, settings: Settings, since: datetime, until: datetime, file: Path
) -> Span:
    """Write a signed file of a time, for its owner alone; recorded. Returns what it holds.

    Raises Problem `not_found` where nothing of that time is sealed.
    """
    key = signing_key(settings)
    async with as_caller(pool, caller, TIMEOUT_MS) as c:
        span = await span_of(c, since, until)
        place = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(place, "wb") as out:
            async for line in signed_lines(c, span, key, caller.person):
                out.write(line)
        detail = {
            "from": since.isoformat(),
            "to": until.isoformat(),
            "seals": [span.first, span.last],
        }
        await c.execute(Q["taken_out"], {"detail": Jsonb(detail)})
    return span
