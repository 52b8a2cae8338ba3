"""A worker process beside the service: watched, started again when it dies, ended with it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
            print("The worker ended; starting another one.", file=sys.stderr)
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
    return subprocess.Popen([sys.executable, "-m", "gridwarden", "worker"])
