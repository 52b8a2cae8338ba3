"""The caller's side of the starter: it is begun when first needed, and asked for readers."""

import fcntl
import os
import queue
import select
import socket
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import gridwarden
from gridwarden.words.problems import Problem

AT_ONCE: Final = 4
"""Files that one process may have open: each reader may take its whole memory."""
WAIT_S: Final = 60.0
_PIPE_BYTES: Final = 1 << 20
_CLEAN: Final = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    # Libraries look for their settings there; who we are, behind the walls, no file tells.
    "HOME": "/nonexistent",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    # A thread of Arrow's allocator would not live through a fork.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "GDAL_DRIVER_PATH": "disable",
    "OGR_DRIVER_PATH": "disable",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "OGR_ARROW_MEM_LIMIT": str(64 << 20),
    "PROJ_NETWORK": "OFF",
    "CPL_DEBUG": "OFF",
}
_seats: queue.SimpleQueue[None] = queue.SimpleQueue()
"""One for each reader that may still be begun. Of all locks this alone may be let go of by a
destructor, which comes when it likes."""
for _ in range(AT_ONCE):
    _seats.put(None)
_lock = threading.Lock()
_starter: "_Starter | None" = None


class End(NamedTuple):
    """How a reader ended: its status as of `os.waitpid`, the most memory that it had, and the
    processor time that it took."""

    status: int = 0
    peak_mb: int = 0
    cpu_ms: int = 0


ends: deque[End] = deque(maxlen=100)
"""Of the last readers of this process, for who measures them."""


class Reader:
    """One process that reads one file: its pipes, and its end."""

    def __init__(self, starter: "_Starter") -> None:
        asked, self._asks = os.pipe()
        self.answers, answered = os.pipe()
        status, told = os.pipe()
        self._told = os.fdopen(status, "rb")
        self._starter = starter
        self._end = End(0, 0)
        self._open = threading.Lock()
        try:
            starter.say(b"start", [asked, answered, told])
        except BaseException:
            self._let_go()
            raise
        finally:
            for fd in (asked, answered, told):
                os.close(fd)
        with suppress(OSError):  # a smaller pipe is slower, not wrong
            fcntl.fcntl(self.answers, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._number = self._told.readline().decode().strip()
        if not self._number:
            self._let_go()
            raise OSError("the process that starts readers did not start")

    def ask(self, line: str) -> None:
        """Send one line. Raises OSError when the reader has ended."""
        raw = (line + "\n").encode("utf-8", "surrogateescape")
        while raw:
            raw = raw[os.write(self._asks, raw) :]

    def stop(self, wait_s: float = 0.0) -> End:
        """Kill it unless it ends by itself within `wait_s`, let go of it, and tell how it ended.
        May be called again, from any thread."""
        if self._open.acquire(blocking=False):
            try:
                ended = select.poll()
                ended.register(self._told, select.POLLIN)
                if not ended.poll(wait_s * 1000):
                    with suppress(OSError):  # the starter is gone, and its readers with it
                        self._starter.say(b"stop " + self._number.encode())
                self._end = End(*map(int, self._told.readline().split()))
                ends.append(self._end)
            finally:
                self._let_go()
                _seats.put(None)
        return self._end

    def _let_go(self) -> None:
        for fd in (self._asks, self.answers):
            os.close(fd)
        self._told.close()


class _Starter:
    """The process `apart.starter`, as long as this one lives."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = ours
        code = str(Path(gridwarden.__file__).parent.parent)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", f"{__package__}.starter", str(theirs.fileno())],
                cwd="/",
                env=_CLEAN | {"PYTHONPATH": code},
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def say(self, word: bytes, fds: list[int] | None = None) -> None:
        """Send a word. Raises OSError when the starter is gone."""
        socket.send_fds(self.control, [word], fds or [])

    @property
    def alive(self) -> bool:
        """Whether it can still be asked, by this process."""
        return self.owner == os.getpid() and self.process.poll() is None


def start() -> Reader:
    """A new reader. Raises Problem `busy` when every seat stays taken."""
    try:
        _seats.get(timeout=WAIT_S)
    except queue.Empty:
        raise Problem("busy") from None
    try:
        for attempt in (1, 2):
            try:
                return Reader(_the_starter())
            except OSError:
                if attempt == 2:
                    raise
        raise AssertionError
    except BaseException:
        _seats.put(None)
        raise


def _the_starter() -> _Starter:
    global _starter
    with _lock:
        if _starter is None or not _starter.alive:
            _starter = _Starter()
        return _starter
