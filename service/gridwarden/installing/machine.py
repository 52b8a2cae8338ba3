"""What an upgrade does on the machine: programs as the service's account, the service itself.

Programs that work for an upgrade end with it (`setpriv --pdeathsig`), and hold its lock until they
have.
"""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridwarden.database import cluster, doctor
from gridwarden.database.backup import switching
from gridwarden.database.cluster import connect_owner
from gridwarden.database.handing import hand_over
from gridwarden.database.queries import queries
from gridwarden.installing.layout import CLUSTER, SERVICE, Layout
from gridwarden.installing.told import refusal
from gridwarden.settings import Settings

Q = queries("gridwarden.database.backup", "backup.sql")
STARTED: Final = (f"{SERVICE}.service", f"{SERVICE}-backup.timer", f"{SERVICE}-drill.timer")
STOPPED: Final = (*STARTED, f"{SERVICE}-backup.service", f"{SERVICE}-drill.service")
SOON_S: Final = 300
"""So long a service may take until it answers."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that an installation is on; `lock` is the upgrade's, if one is at work."""

    settings: Settings
    layout: Layout
    lock: int | None = None

    @property
    def managed(self) -> bool:
        """Whether systemd runs the service; else somebody starts and stops it by hand."""
        return (
            Path("/run/systemd/system").is_dir()
            and (self.layout.units / f"{SERVICE}.service").exists()
            and self.layout.root == Path("/")
        )

    def halt(self) -> None:
        """The service is stopped, where systemd runs it."""
        if self.managed:
            self._systemctl("stop", *STOPPED)

    def stop(self) -> None:
        """The service is stopped and nobody works on the database. Raises SetUpError."""
        self.halt()
        if not self.managed and (url := doctor.answered(self.settings)):
            raise refusal(self.settings, "stop_first", url=url)
        self.wait_until_quiet()

    def wait_until_quiet(self) -> None:
        """Nobody works on the database. Raises SetUpError where somebody does for long."""
        until = time.monotonic() + 20
        while self._busy():
            if time.monotonic() > until:
                raise refusal(self.settings, "at_work")
            time.sleep(0.2)

    def start(self) -> None:
        """The service and its timers are started, where systemd runs them."""
        if self.managed:
            self._systemctl("start", *STARTED)

    def raise_cluster(self) -> None:
        """The private cluster runs, whoever runs it."""
        if self.managed and not cluster.is_running(self.settings):
            self._systemctl("start", f"{CLUSTER}.service")
        self.work(Path("python"), "-m", "gridwarden.database.cluster", "up")

    def finish_restore(self) -> None:
        """Finish a restore that was interrupted as it moved the files of two accounts; for root,
        before the service starts.
        """
        if os.geteuid() != 0 or not switching.pending(self.settings):
            return
        if self.managed:
            self._systemctl("stop", f"{CLUSTER}.service")
        else:
            cluster.down(self.settings)
        switching.go_on(self.settings)
        hand_over(self.settings)
        self.raise_cluster()

    def work(
        self, program: Path, *words: str, said: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as the service's account; `python` is this version's. A variable
        that is empty is none.
        """
        with self._begun(program, words, variables, subprocess.PIPE) as running:
            out, err = running.communicate(said)
        return subprocess.CompletedProcess(words, running.returncode, out, err)

    def must(self, key: str, program: Path, *words: str, said: str = "", **variables: str) -> str:
        """As `work`, and what it says; one that fails ends the upgrade with the sentence `key` and
        its own.
        """
        done = self.work(program, *words, said=said, **variables)
        if done.returncode:
            raise refusal(self.settings, key, reason=_last(done.stderr) or done.returncode)
        return done.stdout

    @contextmanager
    def serving(self, program: Path, port: int) -> Iterator[tuple[Settings, Callable[[], bool]]]:
        """A service of another version on a port of this machine alone, without a worker: where to
        ask it, and whether it lives.
        """
        own = self.settings.model_copy(update={"host": "127.0.0.1", "port": port})
        words = ("serve", "--no-worker")
        given = {"GRIDWARDEN_HOST": "127.0.0.1", "GRIDWARDEN_PORT": str(port)}
        with self._begun(program, words, given, subprocess.DEVNULL) as running:
            try:
                yield own, lambda: running.poll() is None
            finally:
                running.terminate()
                try:
                    running.wait(30)
                except subprocess.TimeoutExpired:
                    running.kill()

    def _begun(
        self, program: Path, words: tuple[str, ...], variables: dict[str, str], stream: int
    ) -> "subprocess.Popen[str]":
        command = [shutil.which("setpriv") or "/usr/bin/setpriv", "--pdeathsig=KILL"]
        owner, home = _owner(self.settings.home), {}
        if owner is not None:
            home = {"HOME": str(self.settings.home)}
            command += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--init-groups"]
        if program == Path("python"):
            program = self.layout.program(self.layout.running() or "").with_name("python")
        command += [str(program), *words]
        return subprocess.Popen(
            command,
            stdin=stream,
            stdout=stream,
            stderr=stream,
            text=True,
            cwd="/",
            env={name: text for name, text in (_clean() | home | variables).items() if text},
            pass_fds=() if self.lock is None else (self.lock,),
        )

    def _busy(self) -> bool:
        """Whether anybody else has a session on the database; one that is away has nobody."""
        with connect_owner(self.settings) as c:
            row = c.execute(Q["at_work"]).fetchone()
        return bool(row and row[0])

    def _systemctl(self, *words: str) -> None:
        done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
        # What a unit that is not there cannot do is done.
        if done.returncode and "not loaded" not in done.stderr:
            reason = done.stderr.strip().rpartition("\n")[2] or str(done.returncode)
            raise refusal(self.settings, "systemctl", what=" ".join(words), reason=reason)


def answer(settings: Settings, version: str, alive: Callable[[], bool] = lambda: True) -> bool:
    """Whether a service of this version says that it is ready, within a while."""
    import http.client
    import json

    until = time.monotonic() + SOON_S
    while time.monotonic() < until and alive():
        with (
            suppress(OSError, http.client.HTTPException, ValueError),
            closing(doctor.own_service(settings)) as asked,
        ):
            asked.request("GET", "/readyz")
            said = asked.getresponse()
            if said.status == 200 and json.loads(said.read()).get("version") == version:
                return True
        time.sleep(0.2)
    return False


def _last(said: str) -> str:
    """The last line that says what failed; where it was, and of which row, is nobody's here."""
    aside = ("CONTEXT:", "DETAIL:", "HINT:", "LINE ", "^", "[SQL:", "[parameters:", "(Background")
    told = [line.strip() for line in said.splitlines()]
    return next((line for line in reversed(told) if line and not line.startswith(aside)), "")


def _owner(home: Path) -> pwd.struct_passwd | None:
    """Whose the state folder is, where root works for another account."""
    uid = home.stat().st_uid
    if os.geteuid() != 0 or uid == 0:
        return None
    return pwd.getpwuid(uid)


def _clean() -> dict[str, str]:
    """The environment without what would lead another version's Python astray."""
    return {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "VIRTUAL_ENV"))}
