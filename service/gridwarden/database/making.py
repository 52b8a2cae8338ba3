"""A private cluster that is not there yet: made beside, then one rename."""

import os
import shutil
import stat
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from gridwarden.database.addresses import SUPERUSER
from gridwarden.database.configuration import HBA
from gridwarden.database.handing import give
from gridwarden.database.passwords import make_password, write_private
from gridwarden.database.postgres import Account, Programs, disk_full, fail, run_as
from gridwarden.database.sentences import step, trouble
from gridwarden.settings import Settings

Report = Callable[[str], None]
ROOM_MB = 600
"""Free space below which no cluster is begun: 50 MB empty, its journal, and the sample city."""
HALF_S = 10.0
"""So long the initdb of a killed set-up may take to see that its folder is gone."""


def clear_away(half: Path) -> None:
    """A half-made cluster goes; its initdb outlives who began it, and may write for a moment."""
    until = time.monotonic() + HALF_S
    shutil.rmtree(half, ignore_errors=True)
    while half.exists() and time.monotonic() < until:
        time.sleep(0.1)
        shutil.rmtree(half, ignore_errors=True)


def make_home(settings: Settings) -> None:
    """HOME, open for `postgres` to pass through when root makes it; writable, or SetUpError."""
    if settings.database_url is None and set(str(settings.home)) & set('"$`\\\n'):
        # pg_ctl hands the path to a shell in double quotes
        raise trouble(settings, "strange_home", home=settings.home)
    if not settings.home.exists():
        try:
            settings.home.mkdir(parents=True, mode=0o755 if os.geteuid() == 0 else 0o700)
        except FileNotFoundError as error:  # what takes no folder at all, such as /proc
            told = {"place": settings.home, "reason": error.strerror}
            raise trouble(settings, "no_folder", **told) from None
    probe = settings.home / f".probe-{os.getpid()}"
    probe.unlink(missing_ok=True)
    probe.touch(exist_ok=False)
    probe.unlink()


def make_cluster(settings: Settings, programs: Programs, account: Account, report: Report) -> None:
    """initdb under a name of its own, then one rename: a half-made cluster is never started."""
    _check_room(settings)
    # With an account of its own the service passes through to the socket.
    own(settings.cluster, account, 0o710 if settings.database_account else 0o700)
    _check_reach(settings, account)
    report(step(settings, "making", major=programs.major, cluster=settings.cluster))
    half = settings.cluster / f"making-{uuid.uuid4().hex[:12]}"
    own(half, account)
    secret = half / "superuser"
    data = half / "data"
    try:
        write_private(secret, make_password(settings, SUPERUSER) + "\n")
        os.chown(secret, account.uid, account.gid)
        command: list[str | Path] = [programs.folder / "initdb", "-D", data, "-U", SUPERUSER]
        command += [f"--pwfile={secret}", "--auth=scram-sha-256"]
        command += ["--locale=C.UTF-8", "--encoding=UTF8", "--no-instructions"]
        done = run_as(account, command)
        if done.returncode:
            raise fail("making", done.stdout, settings)
        with (data / "postgresql.conf").open("a") as file:
            file.write("\ninclude_if_exists 'gridwarden.conf'  # rewritten at every start\n")
        (data / "pg_hba.conf").write_text(HBA)
        data.rename(settings.cluster / "data")
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _check_room(settings: Settings) -> None:
    if shutil.disk_usage(settings.home).free < ROOM_MB * 2**20:
        raise disk_full(settings)


def own(folder: Path, account: Account, mode: int = 0o700) -> None:
    """A folder for the cluster's account alone, made where it is missing. What others may do in one
    that is there stays to be seen, and refused.
    """
    made = not folder.exists()
    folder.mkdir(mode=0o700, exist_ok=True)
    give(folder, account.uid, account.gid, mode if made else None)


def _check_reach(settings: Settings, account: Account) -> None:
    """Whether the cluster's account can pass every folder on the way, or SetUpError."""
    if account.is_me:
        return
    if run_as(account, ["/usr/bin/test", "-w", settings.cluster]).returncode:
        closed = [p for p in settings.cluster.parents if not p.stat().st_mode & stat.S_IXOTH]
        told = {"account": account.name, "cluster": settings.cluster}
        first = closed[-1] if closed else settings.home
        raise trouble(settings, "out_of_reach", **told, closed=first)
