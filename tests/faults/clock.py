"""A clock that can be set while everything runs: libfaketime before service, worker and server."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import environment
from gridwarden.database import cluster
from gridwarden.database.postgres import account_of, find_programs
from gridwarden.settings import Settings

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
"""Of Debian's package libfaketime, which `script/setup --tests` installs."""


class Clock:
    """What those with `variables` in their environment take for the time of day."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.variables = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # what waits is not moved by who sets a clock
        }
        self.set(0)

    def set(self, ahead_s: int) -> None:
        """So far ahead of the real time from now on; before it, where that is negative."""
        half = self._file.with_name("set")
        half.write_text(f"{ahead_s:+d}\n")
        half.chmod(0o644)
        half.replace(self._file)

    def command(self, settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
        """A `gridwarden` command that lives by this clock."""
        # Nobody sets it meanwhile; and libfaketime cannot sleep where it leaves that alone.
        passing = {k: v for k, v in self.variables.items() if "MONOTONIC" not in k}
        return subprocess.run(
            [sys.executable, "-m", "gridwarden", *words],
            env=environment(settings) | {"GRIDWARDEN_LANGUAGE": "en"} | passing,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def clock_of(settings: Settings) -> Iterator[Clock]:
    """The private cluster runs by a clock of ours until the block ends."""
    with tempfile.TemporaryDirectory(prefix="gw-clock-") as folder:
        Path(folder).chmod(0o755)
        clock = Clock(Path(folder))
        cluster.down(settings)
        account, programs = account_of(settings), find_programs(settings)
        data, log = settings.cluster / "data", settings.cluster / "log" / "postgresql.log"
        subprocess.run(
            [programs.folder / "pg_ctl", "start", "-w", "-D", data, "-l", log],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"} | clock.variables,
            stdout=subprocess.DEVNULL,
            cwd="/",
            umask=0o077,
            user=None if account.is_me else account.uid,
            group=None if account.is_me else account.gid,
            extra_groups=None if account.is_me else [],
            check=True,
        )
        try:
            yield clock
        finally:
            cluster.down(settings)
            cluster.up(settings)
