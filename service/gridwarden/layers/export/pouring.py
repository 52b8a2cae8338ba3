"""From the database to a file, whole or not at all, in memory that does not grow with the rows.

A cursor on the server gives the rows in chunks; a thread of its own writes them, so that others
are served meanwhile. Nobody is shown a file before the transaction that read it has ended well:
what the audit trail was to keep of it is kept then.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio
import shapely
from psycopg import AsyncServerCursor, errors
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.access.audit.seeing import saw
from gridwarden.database import Caller
from gridwarden.layers.export.content import Q, recorded
from gridwarden.layers.export.kinds import Kind
from gridwarden.layers.export.rows import Asked, Rows
from gridwarden.layers.features.items import Connection
from gridwarden.words.problems import Problem

CHUNK: Final = 5_000
TIMEOUT_MS: Final = 600_000
Progress = Callable[[int], None]


async def pour(
    c: Connection, caller: Caller, asked: Asked, kind: Kind, file: Path, progress: Progress
) -> int:
    """Write all rows that the caller sees to `file`; returns how many.

    In the caller's open transaction, in which a look at mains has been recorded where the role
    needs one. An export of what is secret is recorded with its rows. Raises Problem.
    """
    content, target = asked.content, asked.target
    kind.takes(content, target)
    try:
        async with c.cursor(name="export", binary=True) as cursor:
            await cursor.execute(content.statement(target), content.values)
            count, mains = await _written(cursor, asked, kind, file, progress)
    except errors.InternalError_:
        raise Problem("invalid_value", "features.bad_crs", field="crs", name=target.name) from None
    await saw(c, f"export/{content.name}", mains)
    if content.secret:
        detail = Jsonb(recorded(content, caller, kind.name, target))
        await c.execute(Q["recorded"], {"object": content.name, "detail": detail, "rows": count})
    return count


async def _written(
    cursor: AsyncServerCursor[TupleRow], asked: Asked, kind: Kind, file: Path, progress: Progress
) -> tuple[int, set[int]]:
    """Let the writer pull the rows from its own thread; the thread has ended when this does.

    Returns how many rows there were, and the mains whose exact places they tell.
    """
    source = _Source(cursor, asked, progress)
    work = asyncio.ensure_future(asyncio.to_thread(kind.write, file, asked, source.rows()))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        source.stopped.set()
        with suppress(Exception):
            await work
        raise
    except Exception:
        if source.failed is not None:  # what a writer says of it is a consequence
            raise source.failed from None
        raise
    return source.done, source.mains


class _Source:
    """Chunks of rows for a thread, fetched on the event loop that has the connection."""

    def __init__(
        self, cursor: AsyncServerCursor[TupleRow], asked: Asked, progress: Progress
    ) -> None:
        self.cursor = cursor
        self.target = asked.target
        self.told = asked.content.mains
        self.copy = asked.copy
        self.mains: set[int] = set()
        self.progress = progress
        self.loop = asyncio.get_running_loop()
        self.stopped = threading.Event()
        self.failed: Exception | None = None
        self.done = 0

    def rows(self) -> Iterator[Rows]:
        """The chunks; one without rows where there are none at all."""
        try:
            yield from self._chunks()
        except Exception as error:
            self.failed = error
            raise

    def _chunks(self) -> Iterator[Rows]:
        while True:
            if self.stopped.is_set():
                raise RuntimeError("nobody waits for this file any more")
            fetched = asyncio.run_coroutine_threadsafe(self.cursor.fetchmany(CHUNK), self.loop)
            found = fetched.result()
            if found or not self.done:
                yield self._chunk(found)
            self.done += len(found)
            self.progress(self.done)
            if len(found) < CHUNK:
                return

    def _chunk(self, found: list[TupleRow]) -> Rows:
        if self.told is not None:
            self.mains.update(i for row in found for i in self.told(row[0], row[1:-1]))
        description = self.cursor.description or []
        columns: list[Any] = list(zip(*found, strict=True)) or [()] * len(description)
        shapes = self.target.shown(list(columns[-1]))
        if not (self.target.exact or np.isfinite(shapely.get_coordinates(shapes)).all()):
            raise Problem("invalid_value", "features.bad_crs", field="crs", name=self.target.name)
        own = columns[1:-1]
        if self.copy is not None:
            shapes = self.copy.marked(columns[0], shapes, self.target)
            own = [*own, [self.copy.short] * len(found)]
        return Rows(columns[0], own, shapes)


@contextmanager
def whole_or_not(file: Path) -> Iterator[Path]:
    """A file beside `file`, its owner's alone, that takes its place when the block ends well.

    Raises Problem (400) when the operating system or GDAL refuses.
    """
    half = file.with_name(f".{file.stem}.{os.getpid()}.part{file.suffix.lower()}")
    try:
        os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        half.unlink()
        yield half
        half.rename(file)
    except (OSError, pyogrio.errors.DataSourceError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Problem(
            "refused", "export.cannot_write", field="FILE", file=file, reason=reason
        ) from None
    finally:
        half.unlink(missing_ok=True)
