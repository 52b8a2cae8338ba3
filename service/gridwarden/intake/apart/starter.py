"""`python -m gridwarden.intake.apart.starter FD`: a small process that forks the readers.

It is started fresh with a clean environment, loads the libraries once, never opens a file that
somebody sent, and has one thread, so that a fork of it is whole. It ends with the process that
started it, and its readers end with it.

Over the socket FD come `start` with three descriptors (requests, answers, and where the exit is
told) and `stop N`. In the last of them go back the reader's number N, a line, and when it has ended
its status (as of `os.waitpid`), the most memory that it had, in megabytes, and its processor time,
in milliseconds.
"""

import os
import select
import signal
import socket
import sys
from collections.abc import Iterable
from importlib.abc import MetaPathFinder

MAX_WORD = 64


def main() -> None:
    """Serve until the other end of the socket is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.settimeout(None)
    for one in (signal.SIGINT, signal.SIGTERM):  # a terminal's Ctrl-C is the caller's to handle
        signal.signal(one, signal.SIG_IGN)
    os.umask(0o077)
    _load()
    readers = Readers(control)
    while readers.serve():
        pass
    readers.stop_all()


def _load() -> None:
    """Load what readers need: without pandas, which pyogrio would load and nobody uses here."""
    sys.meta_path.insert(0, WithoutPandas())
    from gridwarden.intake.apart import reader

    reader.keep_known_drivers()


class WithoutPandas(MetaPathFinder):
    """Says that pandas is not installed. An entry None in `sys.modules` says so to Python alone:
    pyarrow takes it for the module, and its first time value fails."""

    def find_spec(self, fullname: str, path: object, target: object = None, /) -> None:
        """Raises ModuleNotFoundError for pandas and what is built on it."""
        if fullname.partition(".")[0] in ("geopandas", "pandas"):
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


class Readers:
    """The readers that are alive: by the pipe that ends when one ends."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.alive: dict[int, tuple[int, int, int]] = {}  # pipe → number, process, told to
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        self.number = 0

    def serve(self) -> bool:
        """Wait for a word or an end, and see to it; False when nobody is there any more."""
        for fd, _event in self.poll.poll():
            if fd in self.alive:
                self._ended(fd)
            elif not self._told():
                return False
        return True

    def stop_all(self) -> None:
        """Kill what is left."""
        for _number, pid, _status in self.alive.values():
            os.kill(pid, signal.SIGKILL)

    def _told(self) -> bool:
        try:
            word, fds, _flags, _from = socket.recv_fds(self.control, MAX_WORD, 3)
        except ConnectionError:
            return False
        if word.startswith(b"start"):
            self._start(fds)
        elif word.startswith(b"stop"):
            number = int(word.split()[1])
            for of, pid, _status in self.alive.values():
                if of == number:
                    os.kill(pid, signal.SIGKILL)
        return bool(word)

    def _start(self, fds: list[int]) -> None:
        asked, answers, status = fds
        ends, held = os.pipe()
        self.number += 1
        starter = os.getpid()
        pid = os.fork()
        if pid == 0:
            told = [status, *(told for _number, _pid, told in self.alive.values())]
            others = [self.control.fileno(), ends, *self.alive, *told]
            _become_reader(starter, asked, answers, others)
        for fd in (asked, answers, held):
            os.close(fd)
        self.alive[ends] = (self.number, pid, status)
        self.poll.register(ends, select.POLLIN)
        _say(status, f"{self.number}\n")

    def _ended(self, fd: int) -> None:
        _number, pid, status = self.alive.pop(fd)
        self.poll.unregister(fd)
        os.close(fd)
        _pid, how, used = os.wait4(pid, 0)
        cpu_ms = round((used.ru_utime + used.ru_stime) * 1000)
        _say(status, f"{how} {used.ru_maxrss >> 10} {cpu_ms}\n")
        os.close(status)


def _say(status: int, text: str) -> None:
    try:
        os.write(status, text.encode())
    except BrokenPipeError:
        return


def _become_reader(starter: int, asked: int, answers: int, others: Iterable[int]) -> None:
    """Let go of what belongs to the starter and to other readers, and read; never returns."""
    code = 1
    try:
        from gridwarden.intake.apart import reader, walls

        walls.die_with_parent()
        if os.getppid() == starter:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(nowhere, standard)
            for fd in others:
                os.close(fd)
            reader.serve(asked, answers)
            code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
