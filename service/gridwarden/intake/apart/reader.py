"""What a reader does: opens one file, says what it is, and hands on its rows as they are asked for.

It runs in a process of its own behind `walls`. Requests and answers are frames of `wire`; nothing
is written anywhere else, no message of a library goes to a log (it may quote the file).
"""

import errno
import json
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyogrio

from gridwarden.intake.apart import walls, wire
from gridwarden.intake.apart.limits import MB, NOT_SHUT, Limits
from gridwarden.intake.formats.batch import Batch, Source
from gridwarden.intake.formats.files import with_siblings
from gridwarden.intake.formats.source import open_source
from gridwarden.intake.formats.vector import Vector
from gridwarden.words.problems import Problem

HANDED_ON: Final = 2
"""Times what an archive may unpack to that the rows of one file may come to."""


def keep_known_drivers() -> None:
    """Throw out of GDAL every driver but those of the kinds that are read here."""
    skipped = sorted(set(pyogrio.list_drivers()) - set(_drivers(Vector)))
    pyogrio.set_gdal_config_options({"GDAL_SKIP": ",".join(skipped)})
    pyogrio._ogr._register_drivers()


def _drivers(kind: type[Vector]) -> Iterator[str]:
    for one in kind.__subclasses__():
        yield one.driver
        yield from _drivers(one)


def serve(asked: int, answers: int) -> None:
    """Read what is asked over the pipe `asked`, answer over the pipe `answers`, until one closes.

    The first line says which file; each further one is the size of the batches to begin anew with,
    or empty for the next batch.
    """
    with os.fdopen(asked, "rb") as lines, os.fdopen(answers, "wb") as out:
        request = json.loads(lines.readline())
        limits = Limits(**request.pop("limits"))
        path, room = Path(request.pop("path")), Path(request.pop("room"))
        files = path.iterdir() if path.is_dir() else with_siblings(path)
        limit_bytes = request.pop("limit_bytes")
        for name in ("TMPDIR", "CPL_TMPDIR", "SQLITE_TMPDIR"):
            os.environ[name] = str(room)
        try:
            walls.shut(limits, room, [path, *files], 2 * limit_bytes + MB)
        except Exception:
            os._exit(NOT_SHUT)
        try:
            source = open_source(path, request.pop("name"), room, limit_bytes, **request)
            wire.write_frame(out, wire.source_said(source))
            _rows(source, lines, out, limits, HANDED_ON * limit_bytes)
        except BrokenPipeError:
            return
        except BaseException as error:
            wire.write_frame(out, _refusal(error))


def _rows(source: Source, lines: BinaryIO, out: BinaryIO, limits: Limits, most_bytes: int) -> None:
    """Answer for rows, `most_bytes` of them in one go: a view of a GeoPackage may have no end."""
    batches: Iterator[Batch] = iter(())
    handed_on = 0
    for line in lines:
        walls.more_time(limits)
        if line.strip():
            batches, handed_on = source.batches(int(line)), 0
        batch = next(batches, None)
        if batch is None:
            wire.write_frame(out, {"end": True, "notes": source.notes})
            continue
        handed_on += wire.write_frame(out, *wire.batch_said(batch, source.notes))
        if handed_on > most_bytes:
            raise Problem("too_large", "intake.reader_too_much", field="file")


def _refusal(error: BaseException) -> wire.Head:
    """A Problem as it is; of anything else its kind and the lines of code, never what it says."""
    if isinstance(error, Problem):
        return wire.problem_said(error)
    if isinstance(error, MemoryError):
        return wire.problem_said(Problem("too_large", "intake.reader_memory", field="file"))
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return wire.problem_said(Problem("too_large", "intake.archive_too_large", field="file"))
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return {"full": True}
    at = [f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
    said: dict[str, Any] = wire.problem_said(
        Problem("unreadable_file", "intake.unreadable", field="file")
    )
    return said | {"error": type(error).__name__, "at": at[-12:]}
