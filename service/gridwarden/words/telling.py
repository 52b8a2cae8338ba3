"""What the programs write to their log: one JSON object a line, on the standard error.

Ids, kinds, states and routes as they are declared; no caller's text, no place, and of an error its
type and where it broke, never what it said: a database error quotes the row that it refused.
"""

import logging
import os
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog

STDERR: Final = 2
FRAMES: Final = 4
LONGEST: Final = 300
SILENT: Final = ("asyncio",)
"""Libraries whose messages quote an error whole."""


class Lines:
    """Where the lines go. Where the disk behind is full they are lost, and the work goes on."""

    def msg(self, line: str) -> None:
        """Write a line, whole."""
        with suppress(OSError):
            os.write(STDERR, f"{line}\n".encode("utf-8", "replace"))

    log = debug = info = warning = error = critical = exception = msg


PROCESSORS: Final = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.JSONRenderer(ensure_ascii=False),
)
log = structlog.wrap_logger(Lines(), processors=PROCESSORS)


def fault(error: BaseException | None) -> dict[str, Any]:
    """What is told of an error: its type, and where it broke."""
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    return {"error": type(error).__name__, "where": where}


class Libraries(logging.Handler):
    """What libraries have to say, as a line of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """One record."""
        told = fault(record.exc_info[1]) if record.exc_info else {}
        quiet = record.name.startswith(SILENT)
        lines = record.getMessage().strip().splitlines() or [""]
        if lines[0].startswith("Traceback "):  # an error as text: its type, without what it said
            lines = [lines[-1].partition(":")[0]]
        said = "" if quiet else lines[0][:LONGEST]
        log.log(record.levelno, said or "library", library=record.name, **told)


def begin() -> None:
    """Have all of this process's log, its libraries' warnings included, be such lines."""
    structlog.configure(processors=PROCESSORS, logger_factory=lambda *_: Lines())
    logging.basicConfig(handlers=[Libraries()], level=logging.WARNING, force=True)
    sys.excepthook = lambda _, error, __: _unhandled(error)
    threading.excepthook = lambda told: _unhandled(told.exc_value)


def begun() -> bool:
    """Whether what this process says is read as lines, not by whoever sits there."""
    return any(isinstance(one, Libraries) for one in logging.getLogger().handlers)


def _unhandled(error: BaseException | None) -> None:
    """What Python would print, whose last line quotes what a database refused."""
    if not isinstance(error, KeyboardInterrupt | SystemExit):
        log.error("unhandled", **fault(error))
