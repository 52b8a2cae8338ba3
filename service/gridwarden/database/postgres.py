"""PostgreSQL's programs: where they are, which account runs them, and what their failures mean."""

import errno
import os
import pwd
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

OLDEST = 15
INSTALL = "script/setup (or: apt-get install postgresql-15 postgresql-15-postgis-3)"
_FULL = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|File size limit exceeded",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder of one PostgreSQL's `initdb` and `pg_ctl`, and its major version."""

    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account that a cluster runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        """Whether this process runs as the account already."""
        return self.uid == os.geteuid()


def find_programs(settings: Settings, major: int | None = None) -> Programs:
    """The newest PostgreSQL with PostGIS on this machine, or the one of `major`.

    Raises SetUpError when there is none, when it is older than 15, or when PostGIS is missing.
    """
    found = sorted(_installed(settings), key=lambda p: p.major, reverse=True)
    if major is not None:
        found = [p for p in found if p.major == major]
        if not found:
            raise SetUpError(
                f"The cluster in {settings.cluster} was made by PostgreSQL {major}, which is not"
                f" installed: install postgresql-{major} and postgresql-{major}-postgis-3 again,"
                " or name another state folder in GRIDWARDEN_HOME."
            )
    if not found:
        raise SetUpError(
            f"PostgreSQL {OLDEST} or newer with PostGIS is not installed: run {INSTALL} as root or"
            " with sudo, or name a server in GRIDWARDEN_DATABASE_URL."
        )
    for programs in found:
        if has_extension(programs, "postgis"):
            return programs
    wanted = found[0].major
    raise SetUpError(
        f"PostGIS for PostgreSQL {wanted} is not installed: install postgresql-{wanted}-postgis-3"
        " as root or with sudo, or name a server in GRIDWARDEN_DATABASE_URL."
    )


def _installed(settings: Settings) -> Iterator[Programs]:
    places: Sequence[Path]
    if settings.postgresql_bin is not None:
        places = [settings.postgresql_bin]
    else:
        places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    for folder in places:
        if not (folder / "initdb").exists() or not (folder / "pg_ctl").exists():
            continue
        text = _output([str(folder / "postgres"), "--version"])
        version = re.search(r"\) (\d+)", text)
        if version and int(version[1]) >= OLDEST:
            yield Programs(folder, int(version[1]))


def has_extension(programs: Programs, name: str) -> bool:
    """Whether an extension is installed for this PostgreSQL."""
    share = _output([str(programs.folder / "pg_config"), "--sharedir"]).strip()
    if not share:  # pg_config is in a package of its own on some systems
        share = f"/usr/share/postgresql/{programs.major}"
    return (Path(share) / "extension" / f"{name}.control").exists()


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def account_of(settings: Settings) -> Account:
    """Who runs the cluster: who owns it; for a new one, `postgres` under root, else ourselves.

    PostgreSQL refuses to run as root. Raises SetUpError when another account owns the cluster
    or when root finds no account `postgres`.
    """
    me = os.geteuid()
    owner = settings.cluster.stat().st_uid if settings.cluster.exists() else None
    if me != 0:
        if owner is not None and owner != me:
            raise SetUpError(
                f"The cluster in {settings.cluster} belongs to the account {_name(owner)}: use"
                " that account or root, or name a state folder of your own in GRIDWARDEN_HOME."
            )
        return _account(me)
    if owner:
        return _account(owner)
    try:
        return _account(pwd.getpwnam("postgres").pw_uid)
    except KeyError:
        raise SetUpError(
            "Root may not run PostgreSQL and there is no account postgres: install Debian's"
            " package postgresql-common, or start Gridwarden as an ordinary user."
        ) from None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _account(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
        return Account(entry.pw_name, uid, entry.pw_gid)
    except KeyError:  # a container's arbitrary user id
        return Account(str(uid), uid, os.getegid())


def run_as(
    account: Account, command: Sequence[str | Path], log: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as `account`, from `/`, with a clean environment.

    Nothing of the caller's PG* variables or missing locales reaches it. Raises no error for a
    failing program: look at `returncode`, and at `fail` for the sentence.
    """
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LC_ALL": "C.UTF-8",
        "HOME": "/",
        "TZ": os.environ.get("TZ", "UTC"),
    }
    # A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment,
            umask=0o077,
            check=False,
            user=None if account.is_me else account.uid,
            group=None if account.is_me else account.gid,
            extra_groups=None if account.is_me else [],
        )
        said.seek(0)
        text = said.read()
    if log is not None and log.exists():
        text += log.read_text(errors="replace")[-4000:]
    return subprocess.CompletedProcess(done.args, done.returncode, text, "")


def fail(what: str, text: str, settings: Settings) -> SetUpError:
    """The sentence for a program's or the database's failure, by what it said."""
    if _FULL.search(text):
        return disk_full(settings)
    told = [
        line.strip() for line in text.splitlines() if re.search("fatal|error|could", line, re.I)
    ]
    reason = told[-1] if told else text.strip().rpartition("\n")[2] or "no message"
    return SetUpError(f"{what} ({reason}): see {settings.cluster}/log, then run gridwarden doctor.")


def disk_full(settings: Settings) -> SetUpError:
    """The sentence for a disk without room."""
    return SetUpError(
        f"There is no room left on the disk of {settings.home}: free at least 1 GB there, or name"
        " a folder on a larger disk in GRIDWARDEN_HOME, and run it again."
    )


@contextmanager
def told_plainly(settings: Settings) -> Iterator[None]:
    """Turn the operating system's refusals inside the block into sentences (SetUpError)."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full(settings) from None
        place = error.filename or settings.home
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise SetUpError(
                f"{place} is not writable for the account {_name(os.geteuid())}: make it so, or"
                " name a folder of your own in GRIDWARDEN_HOME."
            ) from None
        if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP):
            raise SetUpError(
                f"{place} cannot be a folder ({error.strerror}): name another one in"
                " GRIDWARDEN_HOME."
            ) from None
        raise
