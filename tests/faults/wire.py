"""A wire between the service and its database, over TCP, that can be cut while they talk."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER with which a socket ends by a reset, and says no goodbye."""


class Wire:
    """Passes bytes between a TCP port of this machine and a server's unix socket."""

    def __init__(self, there: Path) -> None:
        self._there = there
        self._ends: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._last: tuple[bytes, Callable[[], None]] | None = None
        self.port = 0
        self.mend()

    def mend(self) -> None:
        """Take connections (again), on the same port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        threading.Thread(target=self._take, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """End every connection in the middle of whatever it was at, and take none."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut_after(self, last: bytes, then: Callable[[], None] = lambda: None) -> None:
        """The server still hears this, and is cut before it is heard; `then` is called at once."""
        self._last = last, then

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            there = socket.socket(socket.AF_UNIX)
            try:
                there.connect(str(self._there))
            except OSError:
                here.close()
                continue
            self._ends += [here, there]
            threading.Thread(target=self._pass_on, args=(here, there), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(there, here), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(65_536):
                other.sendall(piece)
                if self._last is not None and self._last[0] in piece:
                    (_, then), self._last = self._last, None
                    self.cut()
                    then()
            other.shutdown(socket.SHUT_WR)


@contextmanager
def wire_to(there: Path) -> Iterator[Wire]:
    """A wire to a server's socket, cut when the block ends."""
    made = Wire(there)
    try:
        yield made
    finally:
        made.cut()
