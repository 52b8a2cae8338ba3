"""The private PostGIS cluster: made, started and stopped without anybody knowing PostgreSQL.

Its data folder and its unix socket are in HOME/cluster, it listens on no TCP port, and every
login needs its scram password from HOME/secrets. `up` may be interrupted at any point and run
again: the cluster is made under another name and renamed when whole, and every later step looks
before it acts.
"""

import fcntl
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from pydantic import ValidationError

from gridwarden.database import accounts
from gridwarden.database.addresses import (
    DATABASE,
    LOGINS,
    OWNER,
    connect,
    connect_owner,
    database_name,
    login_dsn,
    login_name,
    owner_dsn,
    owner_url,
    socket_dir,
)
from gridwarden.database.backup import switching
from gridwarden.database.configuration import configuration
from gridwarden.database.handing import lock_file
from gridwarden.database.making import ROOM_MB, clear_away, make_cluster, make_home, own
from gridwarden.database.passwords import write_private
from gridwarden.database.postgres import (
    Account,
    Programs,
    account_of,
    fail,
    find_programs,
    has_extension,
    name_of,
    run_as,
    runs_apart,
    told_plainly,
    was_stopped,
)
from gridwarden.database.sentences import step, trouble
from gridwarden.database.server import check_server
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words.refused import spoken, wrong_settings

Report = Callable[[str], None]
START_S: Final = 120


@dataclass(frozen=True, slots=True)
class Raised:
    """What one `up` did."""

    made: bool = False
    started: bool = False


def _silent(_: str) -> None:
    """Report nothing."""


def up(settings: Settings, report: Report = _silent) -> Raised:
    """Cluster running, database with PostGIS, owner and logins there: ready for migrations.

    Does nothing, in well under a second, when all is there. With GRIDWARDEN_DATABASE_URL it
    checks that server and makes the logins. Raises SetUpError, whose text says what to do.
    """
    with told_plainly(settings):
        for login in LOGINS:
            login_name(settings, login)  # a name that no server can take is refused first
        make_home(settings)
        switching.go_on(settings)
        _fit_crs(settings)
        if _ready(settings):
            return Raised()
        with _alone(settings, report):
            raised = Raised() if settings.database_url else _raise_cluster(settings, report)
            _prepare_database(settings, report)
            return raised


def make(settings: Settings, report: Report = _silent) -> None:
    """The private cluster made where there is none, and not started: for a service manager."""
    with told_plainly(settings):
        make_home(settings)
        _fit_crs(settings)
        with _alone(settings, report):
            if not _data(settings).exists():
                make_cluster(settings, find_programs(settings), account_of(settings), report)


def down(settings: Settings, report: Report = _silent) -> bool:
    """Stop the private cluster, letting nobody finish; whether it was running.

    Raises SetUpError when PostgreSQL does not stop within a minute.
    """
    if settings.database_url or not _data(settings).exists():
        return False
    if runs_apart(settings):
        raise _apart(settings, "stop")
    with told_plainly(settings), _alone(settings, report):
        account = account_of(settings)
        programs = find_programs(settings, _made_by(settings))
        if not _running(programs, account, settings):
            return False
        report(step(settings, "stopping"))
        done = _control(programs, account, settings, "stop", "-w", "-t", "60", "-m", "fast")
        if done.returncode:
            raise fail("stop", done.stdout, settings)
        if settings.cluster not in socket_dir(settings).parents:
            socket_dir(settings).rmdir()
        return True


def start_again(settings: Settings) -> bool:
    """Start the private cluster where it died; whether it had. One that was stopped stays so."""
    with told_plainly(settings), _alone(settings, _silent):
        account, programs = account_of(settings), find_programs(settings, _made_by(settings))
        if _running(programs, account, settings) or was_stopped(programs, account, _data(settings)):
            return False
        _start(settings, programs, account, _silent)
        return True


def is_running(settings: Settings) -> bool:
    """Whether the private cluster's server runs."""
    if settings.database_url or not _data(settings).exists():
        return False
    if runs_apart(settings):
        return _answers(settings)
    programs = find_programs(settings, _made_by(settings))
    return _running(programs, account_of(settings), settings)


def another_database(settings: Settings, name: str) -> str:
    """A second database beside `gridwarden` on the private cluster; its owner's URL.

    For tests and trials: pass it on as `database_url` with the same HOME, and call `up`.
    """
    from sqlalchemy import make_url

    accounts.make_private_database(settings, name)
    return make_url(owner_url(settings)).set(database=name).render_as_string(hide_password=False)


def _answers(settings: Settings) -> bool:
    """Whether the server that another account runs lets its owner in."""
    try:
        connect_owner(settings).close()
    except SetUpError:
        return False
    return True


def _apart(settings: Settings, verb: str) -> SetUpError:
    return trouble(
        settings, "runs_apart", account=name_of(settings.cluster.stat().st_uid), verb=verb
    )


def _data(settings: Settings) -> Path:
    return settings.cluster / "data"


@contextmanager
def _alone(settings: Settings, report: Report) -> Iterator[None]:
    """One `up` or `down` at a time; the lock ends with the process, however it ends."""
    with lock_file(settings.home / "up.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(step(settings, "waiting"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fit_crs(settings: Settings) -> None:
    """Refuse a working CRS other than the one fixed at the first `up`, or without true metres."""
    kept = settings.home / "working-crs"
    if kept.exists():
        check_crs(settings, kept.read_text().strip())
    else:
        check_metric(settings)


def check_metric(settings: Settings) -> None:
    """Raises SetUpError where the working CRS has no true metres."""
    from gridwarden.geodesy import (
        CrsRefusedError,
        WorkingCrs,
    )  # half a second, at the first `up` only

    try:
        WorkingCrs(settings.crs)
    except CrsRefusedError as refused:
        key = "distorting" if refused.reason == "distorting" else "not_projected"
        raise trouble(settings, key, crs=settings.crs) from None


def check_crs(settings: Settings, kept: str) -> None:
    """Raises SetUpError when `kept`, the EPSG code fixed at the first `up`, is another one."""
    if kept != str(settings.crs):
        raise trouble(settings, "other_crs", kept=kept, asked=settings.crs)


def _ready(settings: Settings) -> bool:
    """Whether nothing is left to do: the database answers its owner and bears the stamp."""
    kept = settings.home / "working-crs"
    try:
        login_dsn(settings, "web"), login_dsn(settings, "worker")
        with connect_owner(settings) as c:
            stamps = accounts.stamps(c)
    except SetUpError:
        return False
    if "crs" in stamps:
        check_crs(settings, stamps["crs"])
    return kept.exists() and stamps.get("ground") == accounts.GROUND


def _raise_cluster(settings: Settings, report: Report) -> Raised:
    """The private cluster made where there is none, and running."""
    if runs_apart(settings):
        with accounts.connect_superuser(settings):
            return Raised()
    account = account_of(settings)
    for half in settings.cluster.glob("making-*"):
        report(step(settings, "clearing"))
        clear_away(half)
    made = not _data(settings).exists()
    programs = find_programs(settings, None if made else _made_by(settings))
    if made:
        make_cluster(settings, programs, account, report)
    started = not _running(programs, account, settings)
    if started:
        _start(settings, programs, account, report)
    else:
        _await_start(settings, programs, account)
    return Raised(made=made, started=started)


def _await_start(settings: Settings, programs: Programs, account: Account) -> None:
    """Wait while a server that somebody else has just begun lets nobody in yet."""
    asked = [str(programs.folder / "pg_isready"), "-q", "-h", str(socket_dir(settings))]
    ends = time.monotonic() + START_S
    while run_as(account, asked).returncode and time.monotonic() < ends:
        time.sleep(0.1)


def _made_by(settings: Settings) -> int:
    """The major version of the PostgreSQL that made the cluster."""
    try:
        return int((_data(settings) / "PG_VERSION").read_text())
    except (FileNotFoundError, ValueError):
        raise trouble(settings, "no_cluster", data=_data(settings)) from None


def _running(programs: Programs, account: Account, settings: Settings) -> bool:
    return _control(programs, account, settings, "status").returncode == 0


def _control(
    programs: Programs, account: Account, settings: Settings, *words: str
) -> subprocess.CompletedProcess[str]:
    """One `pg_ctl` on the cluster; what the server said at its start is part of the output."""
    command = [str(programs.folder / "pg_ctl"), *words, "-D", str(_data(settings))]
    if words[0] == "start":
        said = settings.cluster / "log" / "postgresql.log"
        if said.exists():  # why it died stands in it
            said.replace(said.with_name("postgresql-before.log"))
        return run_as(account, [*command, "-l", str(said)], said)
    return run_as(account, command)


def _start(settings: Settings, programs: Programs, account: Account, report: Report) -> None:
    report(step(settings, "starting"))
    _configure(settings, programs, account)
    done = _control(programs, account, settings, "start", "-w", "-t", str(START_S))
    if done.returncode:
        raise fail("start", done.stdout, settings)


def _configure(settings: Settings, programs: Programs, account: Account) -> None:
    """The folders of socket and log, and gridwarden.conf, as this version writes it."""
    sockets, log = socket_dir(settings), settings.cluster / "log"
    own(sockets, account, 0o750 if settings.database_account else 0o700)
    own(log, account)
    held = sockets.lstat()
    if not stat.S_ISDIR(held.st_mode) or held.st_uid != account.uid or held.st_mode & 0o022:
        raise trouble(settings, "socket_taken", folder=sockets)
    extra = _data(settings) / "gridwarden.conf"
    statements = has_extension(programs, "pg_stat_statements")
    shared = settings.database_account is not None
    write_private(extra, configuration(sockets, statements=statements, shared=shared))
    os.chown(extra, account.uid, account.gid, follow_symlinks=False)


def become(settings: Settings) -> NoReturn:
    """Be the private cluster's server, in the foreground, for a service manager; as its account.

    Raises SetUpError where there is no cluster yet, or where it is another account's.
    """
    with told_plainly(settings):
        account, programs = account_of(settings), find_programs(settings, _made_by(settings))
        _configure(settings, programs, account)
    server = programs.folder / "postgres"
    os.execv(server, [str(server), "-D", str(_data(settings))])


def _prepare_database(settings: Settings, report: Report) -> None:
    """Owner, database, PostGIS, logins and stamp: each step only where it is missing."""
    if settings.database_url is None:
        report(step(settings, "preparing", name=DATABASE))
        accounts.make_private_database(settings, DATABASE)
    with connect_owner(settings) as c:
        check_server(settings, c, fresh=not accounts.stamps(c))
        known = accounts.stamps(c).get("crs")
        if known is not None:
            check_crs(settings, known)
        accounts.make_logins(settings, c)
        accounts.stamp(settings, c, settings.crs)
    write_private(settings.home / "working-crs", f"{settings.crs}\n")


def main(arguments: list[str]) -> int:
    """`python -m gridwarden.database.cluster up|down|running|become`: the ground alone, for
    scripts and service managers.

    `running` ends with 1 when the private cluster does not run.
    """
    try:
        settings = Settings()
        if arguments == ["running"]:
            return 0 if is_running(settings) else 1
        if arguments == ["become"]:
            become(settings)
        if arguments == ["down"]:
            down(settings, print)
        else:
            up(settings, print)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    except ValidationError as refusal:
        print(wrong_settings(refusal, spoken()), file=sys.stderr)
        return 1
    return 0


__all__ = [
    "OWNER",
    "ROOM_MB",
    "Raised",
    "another_database",
    "check_crs",
    "check_metric",
    "connect",
    "connect_owner",
    "database_name",
    "down",
    "is_running",
    "login_dsn",
    "owner_dsn",
    "owner_url",
    "up",
]

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
