"""An export asked for by HTTP or on the command line: what is asked is read, made and sent."""

import errno
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.layers.export.content import Content
from gridwarden.layers.export.copies import COLUMN, NOTHING_SAID, Wanted, numbered, sayable
from gridwarden.layers.export.kinds import Kind, encoding_called, kind_called, kind_of
from gridwarden.layers.export.pouring import TIMEOUT_MS, Progress, pour, whole_or_not
from gridwarden.layers.export.rows import Asked
from gridwarden.layers.export.target import Target, target_of
from gridwarden.layers.features.items import Connection
from gridwarden.layers.past import moment_of
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

FORGOTTEN_S: Final = 3_600
"""An older half of a file is of a process that died."""
PARAMETERS: Final = ("format", "crs", "encoding", "at")
Prepare = Callable[[Connection], Awaitable[Content]]
"""Says what is written, in the caller's transaction; it records the look that a role needs."""


@dataclass(frozen=True, slots=True)
class How:
    """As which kind of file, in which coordinates and letters, as known at which moment (now)."""

    kind: Kind
    target: Target
    encoding: str
    at: datetime | None = None
    wanted: Wanted = NOTHING_SAID


def how(given: Mapping[str, str], settings: Settings) -> How:
    """Read `format`, `crs`, `encoding` and `at` of a request. Raises Problem (400)."""
    return _how(kind_called(given.get("format")), given, settings, "")


def _how(kind: Kind, given: Mapping[str, str], settings: Settings, dashes: str) -> How:
    usual = "crs84" if kind.lonlat else f"EPSG:{settings.crs}"
    target = target_of(given.get("crs") or usual, f"{dashes}crs", settings.crs)
    encoding = encoding_called(given.get("encoding"), kind)
    at = moment_of(given.get("at"), settings.time_zone, f"{dashes}at")
    number = given.get("request")
    if number is not None and not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise Problem("invalid_value", "copies.bad_request", field=f"{dashes}request")
    why = given.get("why")
    if why is not None and not sayable(why):
        raise Problem("invalid_value", "copies.bad_why", field=f"{dashes}why", least=8, most=500)
    wanted = Wanted(why, int(number) if number else None, given.get("bbox", ""))
    return How(kind, target, encoding, at, wanted)


async def to_file(
    pool: Pool,
    caller: Caller,
    settings: Settings,
    file: Path,
    prepare: Prepare,
    progress: Progress,
    given: Mapping[str, str] | None = None,
) -> int:
    """Write an export to `file`, whose ending says its kind; returns its rows. Raises Problem."""
    asked = _how(kind_of(file), given or {}, settings, "--")
    with whole_or_not(file) as half:
        return await _made(pool, caller, settings, asked, half, prepare, progress)


async def _made(
    pool: Pool,
    caller: Caller,
    settings: Settings,
    asked: How,
    file: Path,
    prepare: Prepare,
    progress: Progress,
) -> int:
    async with as_caller(pool, caller, TIMEOUT_MS) as c:
        content = await prepare(c)
        form = asked.kind.name, asked.target
        copy = await numbered(c, caller, settings, content, form, asked.wanted)
        if copy is not None:
            content = replace(content, fields=(*content.fields, COLUMN))
        zone = ZoneInfo(settings.time_zone)
        whole = Asked(content, asked.target, zone, asked.encoding, copy)
        return await pour(c, caller, whole, asked.kind, file, progress)


async def sent(
    request: Request, caller: Caller, asked: How, named: Mapping[str, str], prepare: Prepare
) -> Response:
    """The answer to a request for an export. `named` gives the file's name by language and, as
    `id`, in ASCII.

    Its route costs a `file`, which bounds how many are written, and kept until they are sent.
    Raises Problem: 503 where the disk is full, and what `prepare` raises.
    """
    settings: Settings = request.app.state.settings
    pool = request.app.state.pool
    folder = settings.home / "exports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(folder)
    file = folder / f"{secrets.token_hex(16)}{asked.kind.suffix}"
    try:
        await _made(pool, caller, settings, asked, file, prepare, lambda done: None)
        opened = file.open("rb")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Problem("disk_full") from None
    finally:
        file.unlink(missing_ok=True)  # what is open is read to its end
    headers = {
        "Content-Length": str(_length(opened)),
        "Content-Disposition": _disposition(asked, named, caller.language, settings),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    media = asked.kind.media
    if asked.kind.name == "csv":
        media += f"; charset={asked.encoding}"
    return StreamingResponse(_portions(opened), headers=headers, media_type=media)


def _sweep(folder: Path) -> None:
    """Remove what processes that died have left."""
    for left in folder.iterdir():
        with suppress(OSError):
            if time.time() - left.lstat().st_mtime > FORGOTTEN_S and left.is_file():
                left.unlink()


def _length(opened: BinaryIO) -> int:
    opened.seek(0, 2)
    size = opened.tell()
    opened.seek(0)
    return size


def _portions(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while portion := opened.read(1 << 20):
            yield portion


def _disposition(asked: How, named: Mapping[str, str], language: str, settings: Settings) -> str:
    """A name that says what it is, in which coordinates and of which day (RFC 6266)."""
    end = asked.kind.suffix if asked.kind.name != "shp" else ".shp.zip"
    zone = ZoneInfo(settings.time_zone)
    today = (asked.at or datetime.now(zone)).astimezone(zone).date().isoformat()
    plain = f"{named['id']}_{asked.target.mark}_{today}{end}"
    whole = f"{named[language]}_{asked.target.mark}_{today}{end}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(whole, safe='')}"


def names_of(content_id: str, title: Any) -> dict[str, str]:
    """The names of a file as `sent` takes them; `title` is in both languages (catalogue.Words)."""
    return {"id": content_id, "zh": title.zh, "en": title.en.replace("/", "-")}
