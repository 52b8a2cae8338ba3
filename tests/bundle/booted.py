"""A machine that is booted: a folder's own systemd as process 1, and what is asked of it.

It is in namespaces of its own for processes, mounts, network, names and control groups, as a
container is; the kernel is this machine's. It ends with the test, whatever happens.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bundle.bare import PATH

SPACES = ("--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup")
GROUP = "gridwarden-test"
PATIENCE_S = 600
"""After so long a machine hangs; nothing is measured by it."""


class Booted:
    """A machine, by its folder; it runs between `on` and `off` or `cut`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._group = _groups() / f"{GROUP}-{os.getpid()}"
        self._outer: subprocess.Popen[bytes] | None = None

    def on(self) -> None:
        """Switch it on; returns when everything that starts at boot has started, or failed."""
        self._group.mkdir(exist_ok=True)
        script = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
        own = ["unshare", *SPACES, "--fork", "--kill-child=KILL", "--propagation", "private"]
        booting = [sys.executable, str(Path(__file__).with_name("booting.py")), str(self.root)]
        self._outer = subprocess.Popen(
            ["sh", "-c", script, str(self._group), *own, *booting],
            stdin=subprocess.DEVNULL,
            stdout=(self.root / "console").open("ab"),
            stderr=subprocess.STDOUT,
        )
        while self.ask("systemctl", "is-system-running").stdout.strip() not in (
            *("running", "degraded"),
        ):
            assert self._outer.poll() is None, (self.root / "console").read_text()[-4000:]
            time.sleep(0.5)

    def ask(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command on it, as root; whatever comes of it."""
        given = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **variables}
        return subprocess.run(
            [*self._enter(), *command],
            env=given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, script: str, **variables: str) -> str:
        """What a shell's words say on it; they must succeed."""
        done = self.ask("/bin/bash", "-euo", "pipefail", "-c", script, **variables)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def until(self, script: str) -> str:
        """As `run`, as soon as it succeeds."""
        end = time.monotonic() + PATIENCE_S
        while (done := self.ask("/bin/bash", "-euo", "pipefail", "-c", script)).returncode:
            assert self._outer is not None and self._outer.poll() is None
            assert time.monotonic() < end, done.stdout + done.stderr + self._journal()
            time.sleep(0.5)
        return done.stdout

    def _journal(self) -> str:
        return self.ask("journalctl", "-b", "-n", "40", "--no-pager").stdout

    def off(self) -> None:
        """Shut it down, as an administrator does."""
        assert self._outer is not None
        self.ask("systemctl", "--no-wall", "poweroff")
        self._outer.wait()
        self._clear()

    def cut(self) -> None:
        """Cut its power: nothing on it has another moment."""
        if self._outer is not None:
            (self._group / "cgroup.kill").write_text("1")
            self._outer.wait()
            self._clear()

    def _enter(self) -> list[str]:
        assert self._outer is not None
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children")
        first = children.read_text().split()
        if not first:
            return ["false"]
        return ["nsenter", "--target", first[0], *SPACES, "--root", "--wd", "--"]

    def _clear(self) -> None:
        self._outer = None
        while "populated 1" in (self._group / "cgroup.events").read_text():
            time.sleep(0.05)
        for folder, _, _ in os.walk(self._group, topdown=False):
            Path(folder).rmdir()


@contextmanager
def booted(root: Path) -> Iterator[Booted]:
    """The machine, switched on; its power is cut at the end."""
    if os.geteuid() != 0 or shutil.which("nsenter") is None:
        pytest.skip("a machine is booted by root, with nsenter")
    made = Booted(root)
    try:
        made.on()
        yield made
    finally:
        made.cut()


def _groups() -> Path:
    """Where this machine has its one hierarchy of control groups."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    pytest.skip("this machine has no control groups of version 2")
