"""A worker process beside the service: watched, started again when it dies, ended with it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gridwarden.words.telling import log

BESIDE = "--beside"
WAIT_S = 20
"""How long a worker may take to put its job back before it is killed."""


@contextmanager
def worker_beside() -> Iterator[None]:
    """Keep one `gridwarden worker` running until the block ends.

    One that dies is replaced after a second, and the new one takes up what the old one ran.
    """
    ending = threading.Event()
    current = [_start()]

    def watch() -> None:
        while not ending.is_set():
            current[0].wait()
            if ending.wait(1):
                return
            log.warning("the worker ended; starting another one", status=current[0].returncode)
            current[0] = _start()

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        ending.set()
        current[0].terminate()
        try:
            current[0].wait(WAIT_S)
        except subprocess.TimeoutExpired:
            current[0].kill()


def _start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gridwarden", "worker", BESIDE]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def end_with_service() -> None:
    """Have this worker stop when the service that it runs beside is there no more, however that
    ended: its standard input ends then.
    """

    def watch() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
