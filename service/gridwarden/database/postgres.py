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

from gridwarden.database.sentences import trouble
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

OLDEST = 15
_FULL = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|File size limit exceeded"
    r"|wrote only \d+ of \d+ bytes",
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
            raise trouble(settings, "other_programs", cluster=settings.cluster, major=major)
    if not found:
        raise trouble(settings, "no_programs", oldest=OLDEST)
    for programs in found:
        if has_extension(programs, "postgis"):
            return programs
    raise trouble(settings, "no_postgis_program", major=found[0].major)


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
    """Who runs the cluster: who owns it; for a new one, under root, the account of the settings
    or `postgres`, else ourselves.

    PostgreSQL refuses to run as root. Raises SetUpError when another account owns the cluster
    or when root finds no such account.
    """
    me = os.geteuid()
    owner = settings.cluster.stat().st_uid if settings.cluster.exists() else None
    if me != 0:
        if owner is not None and owner != me:
            told = {"cluster": settings.cluster, "account": name_of(owner)}
            raise trouble(settings, "cluster_of_another", **told)
        return _account(me)
    if owner:
        return _account(owner)
    named = settings.database_account
    try:
        return _account(pwd.getpwnam(named or "postgres").pw_uid)
    except KeyError:
        if named is not None:
            raise trouble(settings, "no_account", account=named) from None
        raise trouble(settings, "no_postgres_account") from None


def runs_apart(settings: Settings) -> bool:
    """Whether another account than ours runs the private cluster, which we cannot start or stop."""
    if settings.database_url is not None or os.geteuid() == 0 or not settings.cluster.exists():
        return False
    return settings.cluster.stat().st_uid != os.geteuid()


def name_of(uid: int) -> str:
    """What an account is called; its number where it has no name."""
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


def was_stopped(programs: Programs, account: Account, data: Path) -> bool:
    """Whether a cluster that does not run was stopped by somebody, by what it wrote down last."""
    told = run_as(account, [programs.folder / "pg_controldata", "-D", data]).stdout
    state = re.search(r"^Database cluster state: *(.*)$", told, re.MULTILINE)
    return state is not None and state[1].startswith("shut down")


def fail(what: str, text: str, settings: Settings) -> SetUpError:
    """The sentence for a program's failure (`doctor.failed_<what>`), by what it said."""
    if _FULL.search(text):
        return disk_full(settings)
    told = [
        line.strip() for line in text.splitlines() if re.search("fatal|error|could", line, re.I)
    ]
    reason = told[-1] if told else text.strip().rpartition("\n")[2] or "–"
    told_of = {"reason": reason, "log": settings.cluster / "log"}
    return trouble(settings, f"failed_{what}", "failed", **told_of)


def disk_full(settings: Settings) -> SetUpError:
    """The sentence for a disk without room."""
    return trouble(settings, "disk_full", home=settings.home)


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
            account = name_of(os.geteuid())
            raise trouble(settings, "not_writable", place=place, account=account) from None
        if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP):
            told = {"place": place, "reason": error.strerror}
            raise trouble(settings, "no_folder", **told) from None
        raise
