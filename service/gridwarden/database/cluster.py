"""The private PostGIS cluster: made, started and stopped without anybody knowing PostgreSQL.

Its data folder and its unix socket are in HOME/cluster, it listens on no TCP port, and every
login needs its scram password from HOME/secrets. `up` may be interrupted at any point and run
again: the cluster is made under another name and renamed when whole, and every later step looks
before it acts.
"""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gridwarden.database import accounts
from gridwarden.database.addresses import (
    DATABASE,
    LOGINS,
    OWNER,
    SUPERUSER,
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
from gridwarden.database.configuration import HBA, configuration
from gridwarden.database.passwords import make_password, write_private
from gridwarden.database.postgres import (
    Account,
    Programs,
    account_of,
    disk_full,
    fail,
    find_programs,
    has_extension,
    run_as,
    told_plainly,
)
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

Report = Callable[[str], None]
ROOM_MB = 600
"""Free space below which no cluster is begun: 50 MB empty, its journal, and the sample city."""
HALF_S = 10.0
"""So long the initdb of a killed set-up may take to see that its folder is gone."""


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
        _make_home(settings)
        switching.go_on(settings)
        _fit_crs(settings)
        if _ready(settings):
            return Raised()
        with _alone(settings, report):
            raised = Raised() if settings.database_url else _raise_cluster(settings, report)
            _prepare_database(settings, report)
            return raised


def down(settings: Settings, report: Report = _silent) -> bool:
    """Stop the private cluster, letting nobody finish; whether it was running.

    Raises SetUpError when PostgreSQL does not stop within a minute.
    """
    if settings.database_url or not _data(settings).exists():
        return False
    with told_plainly(settings), _alone(settings, report):
        account = account_of(settings)
        programs = find_programs(settings, _made_by(settings))
        if not _running(programs, account, settings):
            return False
        report("Stopping PostgreSQL")
        done = _control(programs, account, settings, "stop", "-w", "-t", "60", "-m", "fast")
        if done.returncode:
            raise fail("PostgreSQL does not stop", done.stdout, settings)
        if settings.cluster not in socket_dir(settings).parents:
            socket_dir(settings).rmdir()
        return True


def is_running(settings: Settings) -> bool:
    """Whether the private cluster's server runs."""
    if settings.database_url or not _data(settings).exists():
        return False
    programs = find_programs(settings, _made_by(settings))
    return _running(programs, account_of(settings), settings)


def another_database(settings: Settings, name: str) -> str:
    """A second database beside `gridwarden` on the private cluster; its owner's URL.

    For tests and trials: pass it on as `database_url` with the same HOME, and call `up`.
    """
    from sqlalchemy import make_url

    accounts.make_private_database(settings, name)
    return make_url(owner_url(settings)).set(database=name).render_as_string(hide_password=False)


def _data(settings: Settings) -> Path:
    return settings.cluster / "data"


def _make_home(settings: Settings) -> None:
    """HOME, open for `postgres` to pass through when root makes it; writable, or SetUpError."""
    if settings.database_url is None and set(str(settings.home)) & set('"$`\\\n'):
        raise SetUpError(  # pg_ctl hands the path to a shell in double quotes
            f"{settings.home} holds a character that PostgreSQL's programs cannot take: name a"
            ' state folder without ", $, `, \\ and line breaks in GRIDWARDEN_HOME.'
        )
    if not settings.home.exists():
        settings.home.mkdir(parents=True, mode=0o755 if os.geteuid() == 0 else 0o700)
    probe = settings.home / f".probe-{os.getpid()}"
    probe.touch()
    probe.unlink()


@contextmanager
def _alone(settings: Settings, report: Report) -> Iterator[None]:
    """One `up` or `down` at a time; the lock ends with the process, however it ends."""
    with (settings.home / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Waiting for another Gridwarden to finish its set-up")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fit_crs(settings: Settings) -> None:
    """Refuse a working CRS other than the one fixed at the first `up`, or without true metres."""
    kept = settings.home / "working-crs"
    if kept.exists():
        check_crs(settings, kept.read_text().strip())
        return
    from gridwarden.geodesy import (
        CrsRefusedError,
        WorkingCrs,
    )  # half a second, at the first `up` only

    try:
        WorkingCrs(settings.crs)
    except CrsRefusedError as refused:
        told = f"EPSG:{settings.crs} is not a projected system in metres: set GRIDWARDEN_CRS to one"
        if refused.reason == "distorting":
            told = (
                f"The metres of EPSG:{settings.crs} are not metres of the ground: set"
                " GRIDWARDEN_CRS to one whose metres are"
            )
        raise SetUpError(
            f"{told}, such as 4547 (CGCS2000, central meridian 114°E) or the UTM zone of your city."
        ) from None


def check_crs(settings: Settings, kept: str) -> None:
    """Raises SetUpError when `kept`, the EPSG code fixed at the first `up`, is another one."""
    if kept != str(settings.crs):
        raise SetUpError(
            f"This installation measures in EPSG:{kept}, fixed at its first start: set"
            f" GRIDWARDEN_CRS={kept}, or name a new state folder in GRIDWARDEN_HOME for"
            f" EPSG:{settings.crs}."
        )


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
    account = account_of(settings)
    for half in settings.cluster.glob("making-*"):
        report("Removing what an interrupted set-up left behind")
        _clear_away(half)
    made = not _data(settings).exists()
    programs = find_programs(settings, None if made else _made_by(settings))
    if made:
        _make_cluster(settings, programs, account, report)
    started = not _running(programs, account, settings)
    if started:
        _start(settings, programs, account, report)
    return Raised(made=made, started=started)


def _clear_away(half: Path) -> None:
    """A half-made cluster goes; its initdb outlives who began it, and may write for a moment."""
    until = time.monotonic() + HALF_S
    shutil.rmtree(half, ignore_errors=True)
    while half.exists() and time.monotonic() < until:
        time.sleep(0.1)
        shutil.rmtree(half, ignore_errors=True)


def _made_by(settings: Settings) -> int:
    """The major version of the PostgreSQL that made the cluster."""
    try:
        return int((_data(settings) / "PG_VERSION").read_text())
    except (FileNotFoundError, ValueError):
        raise SetUpError(
            f"{_data(settings)} is not a PostgreSQL cluster: move it away, or name another state"
            " folder in GRIDWARDEN_HOME."
        ) from None


def _make_cluster(settings: Settings, programs: Programs, account: Account, report: Report) -> None:
    """initdb under a name of its own, then one rename: a half-made cluster is never started."""
    _check_room(settings)
    _own(settings.cluster, account)
    _check_reach(settings, account)
    report(f"Making a private PostgreSQL {programs.major} cluster in {settings.cluster}")
    half = settings.cluster / f"making-{uuid.uuid4().hex[:12]}"
    _own(half, account)
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
            raise fail("PostgreSQL could not make its cluster", done.stdout, settings)
        with (data / "postgresql.conf").open("a") as file:
            file.write("\ninclude_if_exists 'gridwarden.conf'  # rewritten at every start\n")
        (data / "pg_hba.conf").write_text(HBA)
        data.rename(_data(settings))
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _check_room(settings: Settings) -> None:
    if shutil.disk_usage(settings.home).free < ROOM_MB * 2**20:
        raise disk_full(settings)


def _own(folder: Path, account: Account) -> None:
    """A folder for the cluster's account alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, account.uid, account.gid)


def _check_reach(settings: Settings, account: Account) -> None:
    """Whether the cluster's account can pass every folder on the way, or SetUpError."""
    if account.is_me:
        return
    if run_as(account, ["/usr/bin/test", "-w", settings.cluster]).returncode:
        closed = [p for p in settings.cluster.parents if not p.stat().st_mode & stat.S_IXOTH]
        raise SetUpError(
            f"The account {account.name}, which runs PostgreSQL for root, cannot reach"
            f" {settings.cluster}: open {closed[-1] if closed else settings.home} with"
            " chmod o+x, or name a folder such as /var/lib/gridwarden in GRIDWARDEN_HOME."
        )


def _running(programs: Programs, account: Account, settings: Settings) -> bool:
    return _control(programs, account, settings, "status").returncode == 0


def _control(
    programs: Programs, account: Account, settings: Settings, *words: str
) -> subprocess.CompletedProcess[str]:
    """One `pg_ctl` on the cluster; what the server said at its start is part of the output."""
    command = [str(programs.folder / "pg_ctl"), *words, "-D", str(_data(settings))]
    if words[0] == "start":
        said = settings.cluster / "log" / "postgresql.log"
        said.unlink(missing_ok=True)
        return run_as(account, [*command, "-l", str(said)], said)
    return run_as(account, command)


def _start(settings: Settings, programs: Programs, account: Account, report: Report) -> None:
    report("Starting PostgreSQL")
    sockets, log = socket_dir(settings), settings.cluster / "log"
    _own(sockets, account)
    _own(log, account)
    held = sockets.lstat()
    if not stat.S_ISDIR(held.st_mode) or held.st_uid != account.uid or held.st_mode & 0o022:
        raise SetUpError(
            f"{sockets}, where the database's socket must be, belongs to somebody else: remove it,"
            " or name a shorter state folder in GRIDWARDEN_HOME."
        )
    extra = _data(settings) / "gridwarden.conf"
    statements = has_extension(programs, "pg_stat_statements")
    write_private(extra, configuration(sockets, statements=statements))
    os.chown(extra, account.uid, account.gid)
    done = _control(programs, account, settings, "start", "-w", "-t", "120")
    if done.returncode:
        raise fail("PostgreSQL does not start", done.stdout, settings)


def _prepare_database(settings: Settings, report: Report) -> None:
    """Owner, database, PostGIS, logins and stamp: each step only where it is missing."""
    if settings.database_url is None:
        report(f"Preparing the database {DATABASE}")
        accounts.make_private_database(settings, DATABASE)
    with connect_owner(settings) as c:
        accounts.check_server(settings, c)
        known = accounts.stamps(c).get("crs")
        if known is not None:
            check_crs(settings, known)
        accounts.make_logins(settings, c)
        accounts.stamp(settings, c, settings.crs)
    write_private(settings.home / "working-crs", f"{settings.crs}\n")


def main(arguments: list[str]) -> int:
    """`python -m gridwarden.database.cluster up|down|running`, for scripts: the ground alone.

    `running` ends with 1 when the private cluster does not run.
    """
    settings = Settings()
    try:
        if arguments == ["running"]:
            return 0 if is_running(settings) else 1
        if arguments == ["down"]:
            down(settings, print)
        else:
            up(settings, print)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


__all__ = [
    "OWNER",
    "Raised",
    "another_database",
    "check_crs",
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
