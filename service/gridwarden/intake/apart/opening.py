"""What callers use: a file opened apart, as a Source whose rows come over a pipe."""

import json
import logging
import os
import select
import signal
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from gridwarden.intake.apart import wire
from gridwarden.intake.apart.limits import NOT_SHUT, Limits
from gridwarden.intake.apart.starting import start
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch
from gridwarden.words.problems import Problem

_log = logging.getLogger(__name__)
_CHUNK: Final = 1 << 20
_DYING_S: Final = 5.0
_NEARLY: Final = 0.5
"""Of the memory that a reader may have, what one had that is taken to have died of it."""


def open_apart(
    path: Path,
    name: str,
    room: Path,
    limit_bytes: int,
    *,
    from_layer: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> "Apart":
    """As `formats.source.open_source`, read in a process of its own.

    Raises the same Problems, and for a reader that died of the file `unreadable_file` or
    `too_large`; `busy` when too many files are being read. Close the source, or let go of it: its
    reader ends. May be called from any thread; one source is for one thread at a time.
    """
    request = {
        "path": str(path.absolute()),
        "name": name,
        "room": str(room.absolute()),
        "limit_bytes": limit_bytes,
        "from_layer": from_layer,
        "encoding": encoding,
    }
    return Apart(request, limits or Limits())


class Apart:
    """One layer of one file that another process reads. A `Source`, and a context manager."""

    def __init__(self, request: dict[str, Any], limits: Limits) -> None:
        self._limits = limits
        self._reader = start()
        self._pending = True
        """Whether an answer is still to come: the reader works ahead by one batch."""
        self._finish = weakref.finalize(self, self._reader.stop)
        spoken = {"memory_mb": limits.memory_mb, "seconds": limits.seconds}
        try:
            self._ask(json.dumps(request | {"limits": spoken}))
            said = wire.source_heard(self._answer()[0])
        except wire.BrokenFrameError:
            self._broken()
        except BaseException:
            self.close()
            raise
        self.kind: str = said["kind"]
        self.layer: str = said["layer"]
        self.fields: tuple[str, ...] = said["fields"]
        self.claim = said["claim"]
        self.encoding: str = said["encoding"]
        self.rows: int | None = said["rows"]
        self.notes: list[str] = said["notes"]
        self._heard = len(self.notes)
        self._places: set[str] = said["places"]

    def __enter__(self) -> "Apart":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def places(self) -> set[str]:
        """The fields that hold the position, not properties."""
        return self._places

    def close(self) -> None:
        """End the reader, whatever it is doing."""
        self._finish()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order, from the first; the reader works on the next batch meanwhile.

        Raises Problem `unreadable_file` or `too_large` when it cannot go on.
        """
        try:
            if self._pending:  # of rows that nobody took
                self._answer()
            self._ask(str(size))
            while True:
                head, blob = self._answer()
                if head.get("end"):
                    self._note(head)
                    return
                self._ask("")
                self._note(head)
                yield wire.batch_heard(head, blob)
        except wire.BrokenFrameError:
            self._broken()

    def _note(self, head: wire.Head) -> None:
        """Notes that the reader took while reading, each once; the caller adds its own."""
        notes = head.get("notes", [])
        self.notes += [str(note) for note in notes[self._heard :]]
        self._heard = max(self._heard, len(notes))

    def _ask(self, line: str) -> None:
        self._pending = True
        with suppress(OSError):  # it is dead: what it died of is told in the place of an answer
            self._reader.ask(line)

    def _answer(self) -> tuple[wire.Head, bytes]:
        frame = wire.read_frame(self._read)
        self._pending = False
        if frame is None:
            self._died()
        head, blob = frame
        if "error" in head:  # the kind of error and lines of code; what it says may quote the file
            _log.warning("a reader failed: %s at %s", head["error"], head.get("at"))
        if head.get("full"):
            self.close()
            raise Problem("disk_full")
        problem = wire.problem_heard(head)
        if problem is not None:
            self.close()
            raise problem
        return head, blob

    def _read(self, n: int) -> bytes:
        """So many bytes of the reader's answers; fewer when it ends. Gives up on one that waits."""
        parts = bytearray()
        until = time.monotonic() + self._limits.patience_s
        pipe = select.poll()
        pipe.register(self._reader.answers, select.POLLIN)
        while len(parts) < n:
            if not pipe.poll(max(0.0, until - time.monotonic()) * 1000):
                self.close()
                raise Problem("too_large", "intake.reader_slow", field="file")
            chunk = os.read(self._reader.answers, min(_CHUNK, n - len(parts)))
            if not chunk:
                break
            parts += chunk
        return bytes(parts)

    def _broken(self) -> NoReturn:
        """What came is no answer: the reader is not what it was."""
        self.close()
        _log.warning("a reader answered what is no answer")
        raise Problem("unreadable_file", "intake.reader_died", field="file")

    def _died(self) -> NoReturn:
        """Say what the reader died of. Raises Problem."""
        status, peak_mb, _cpu_ms = self._reader.stop(wait_s=_DYING_S)
        by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        _log.warning("a reader ended by signal %s, status %s", by, status)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == NOT_SHUT:
            raise RuntimeError("a reader could not put up its walls")
        if by == signal.SIGXCPU:
            raise Problem("too_large", "intake.reader_slow", field="file")
        if by and peak_mb > self._limits.memory_mb * _NEARLY:  # libraries abort when none is left
            raise Problem("too_large", "intake.reader_memory", field="file")
        raise Problem("unreadable_file", "intake.reader_died", field="file")
