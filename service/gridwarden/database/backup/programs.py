"""PostgreSQL's own programs for taking a database out and in: pg_dump, pg_restore and psql."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gridwarden.database.addresses import LOST_CLIENT, owner_dsn
from gridwarden.database.backup.told import refusal
from gridwarden.database.cluster import connect_owner
from gridwarden.database.queries import queries
from gridwarden.settings import Settings

Q: Final = queries(__package__ or "gridwarden.database.backup", "backup.sql")
NEEDED: Final = ("pg_dump", "pg_restore", "psql")
BLOCK: Final = 2**20
_ENTRY: Final = re.compile(r"^\d+; \d+ \d+ (?P<what>.+)$")
_WHOM: Final = re.compile(
    r'\b(?:TO|FROM) (?P<whom>(?P<name>\w+)|"(?P<quoted>(?:[^"]|"")+)")(?: WITH GRANT OPTION)?;$'
)
_PASSED_OVER: Final = ("EXTENSION ", "COMMENT - EXTENSION ", "DEFAULT ACL ")
"""What a restore does not take from the dump: extensions are a superuser's and there before, and
rights by default name the owner, who may be called otherwise here."""


@dataclass(frozen=True, slots=True)
class Client:
    """The folder of the three programs, and their major version."""

    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump, whose it was, and what roles of one database's own are called now."""

    file: Path
    owner: str
    renamed: Mapping[str, str]

    def has(self, line: str, rights: bool) -> bool:
        """Whether an entry is one to restore: what the owner made, its rights or all the rest."""
        found = _ENTRY.match(line)
        what = found["what"] if found else ""
        # What is a superuser's (rights on PostGIS's own functions) has been set here by `up`.
        own = what.endswith(f" {self.owner}") and not what.startswith(_PASSED_OVER)
        return own and what.startswith("ACL ") == rights

    def readdressed(self, rights: str, roles: Collection[str]) -> tuple[str, list[str]]:
        """Statements that grant and revoke, to the roles as they are called now; and the roles
        whose rights stay away: they are not among `roles`, or somebody else gave them.
        """
        kept, away, given_on = [], set(), False
        for line in rights.splitlines():
            given_on = line.startswith("SET SESSION AUTHORIZATION") or (
                given_on and not line.startswith("RESET SESSION AUTHORIZATION")
            )
            found = _WHOM.search(line)
            if found is None:
                if "SESSION AUTHORIZATION" not in line:
                    kept.append(line)
                continue
            old = found["name"] or found["quoted"].replace('""', '"')
            new = self.renamed.get(old, old)
            if given_on or (new != "PUBLIC" and new not in roles):
                away.add(old)
                continue
            now = new if new == "PUBLIC" else sql.Identifier(new).as_string(None)
            kept.append(line[: found.start("whom")] + now + line[found.end("whom") :])
        return "\n".join(kept) + "\n", sorted(away)


def client_for(settings: Settings, major: int) -> Client:
    """Programs of this version or a newer one. Raises SetUpError with what to install."""
    found = sorted(_installed(settings), key=lambda one: one.major)
    for one in found:
        if one.major >= major:
            return one
    raise refusal(settings, "no_programs", major=major)


def _installed(settings: Settings) -> Iterator[Client]:
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    if settings.postgresql_bin is not None:
        folders = [settings.postgresql_bin]
    if on_path := shutil.which("pg_dump"):
        folders.append(Path(on_path).parent)
    for folder in folders:
        if not all((folder / name).exists() for name in NEEDED):
            continue
        try:
            done = subprocess.run(
                [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if version := re.search(r"\) (\d+)", done.stdout):
            yield Client(folder, int(version[1]))


def server_major(settings: Settings) -> int:
    """The major version of the server that carries the database."""
    with connect_owner(settings) as c:
        return c.info.server_version // 10_000


def _roles(settings: Settings) -> set[str]:
    """The roles that the server has."""
    with connect_owner(settings) as c:
        return {name for (name,) in c.execute(Q["roles"]).fetchall()}


def pour_out(
    settings: Settings,
    client: Client,
    snapshot: str,
    without: Iterable[tuple[str, str]],
    take: Callable[[BinaryIO], None],
) -> None:
    """Hand `take` the dump of the database as the snapshot sees it, `without` some (schema or
    table, quoted name). Raises SetUpError.
    """
    address, environment = _reach(settings)
    command: list[str | Path] = [client.folder / "pg_dump", "--format=custom", "--compress=3"]
    command += ["--no-password", "--lock-wait-timeout=60s", "--no-blobs"]
    command += [f"--exclude-{kind}={name}" for kind, name in without]
    command += [f"--snapshot={snapshot}", f"--dbname={address}"]
    with _said() as said:
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=environment
        )
        try:
            take(cast(BinaryIO, running.stdout))
        finally:
            _end(running)
        if running.returncode:
            raise refusal(settings, "dump_failed", reason=_reason(said))


def pour_in(
    settings: Settings,
    client: Client,
    dump: Dump,
    before: Sequence[str],
    after: Sequence[str],
    report: Callable[[int], None],
    commits: Callable[[], object] = lambda: None,
) -> list[str]:
    """Load a dump in ONE transaction, between the statements `before` and `after`: wholly or not at
    all. `commits` is called when all is in and nothing is committed yet. Gives the roles whose
    rights stayed away.

    Raises SetUpError; the database is then as it was.
    """
    address, environment = _reach(settings)
    command: list[str | Path] = [client.folder / "psql", "--no-psqlrc", "--quiet", "--no-password",
               "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse", "--output=/dev/null",
               f"--dbname={address}"]  # fmt: skip
    away: list[str] = []
    with _said() as said:
        psql = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said, env=environment)
        try:
            into = cast(IO[bytes], psql.stdin)
            into.write(_lines(["begin", *before]))
            done = 0
            for block in _script(settings, client, dump, rights=False):
                into.write(block)
                done += len(block)
                report(done)
            rights = b"".join(_script(settings, client, dump, rights=True)).decode("utf-8")
            rights, away = dump.readdressed(rights, _roles(settings))
            into.write(rights.encode("utf-8"))
            into.write(_lines(["reset all", *after]))
            into.flush()
            _until_taken(settings, into, psql)
            commits()
            into.write(_lines(["commit"]))
            into.close()
            psql.wait()
        except BrokenPipeError:
            psql.wait()
        except BaseException:
            psql.kill()
            raise
        finally:
            _end(psql)
        if psql.returncode:
            raise refusal(settings, "load_failed", reason=_reason(said))
    return away


def _until_taken(settings: Settings, into: IO[bytes], psql: subprocess.Popen[bytes]) -> None:
    """Wait until psql has done all that it was sent: it makes a file then."""
    with tempfile.TemporaryDirectory(prefix="gridwarden-") as folder:
        mark = Path(folder) / "done"
        into.write(f"\\! touch '{mark}'\n".encode())
        into.flush()
        while not mark.exists():
            try:
                psql.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise BrokenPipeError


def _script(settings: Settings, client: Client, dump: Dump, *, rights: bool) -> Iterator[bytes]:
    """The dump's statements: what grants and revokes, or all the rest."""
    listed = dump.file.with_suffix(".list")
    lines = [line for line in _entries(settings, client, dump.file) if dump.has(line, rights)]
    listed.write_text("\n".join(lines) + "\n", "utf-8")
    command: list[str | Path] = [client.folder / "pg_restore", "--no-owner", "--file=-"]
    command += [f"--use-list={listed}", dump.file]
    with _said() as said:
        reading = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
        try:
            source = cast(IO[bytes], reading.stdout)
            while block := source.read(BLOCK):
                yield block
        finally:
            _end(reading)
            listed.unlink(missing_ok=True)
        if reading.returncode:
            raise refusal(settings, "load_failed", reason=_reason(said))


def _entries(settings: Settings, client: Client, dump: Path) -> list[str]:
    """The dump's table of contents, a line an entry."""
    done = subprocess.run(
        [client.folder / "pg_restore", "--list", dump], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise refusal(settings, "load_failed", reason=_last_line(done.stderr))
    return [line for line in done.stdout.splitlines() if _ENTRY.match(line)]


def _reach(settings: Settings) -> tuple[str, dict[str, str]]:
    """The owner's address without the password, which goes by the environment: a command line is
    anybody's to read.
    """
    parts = conninfo_to_dict(owner_dsn(settings))
    secret = parts.pop("password", None)
    environment = dict(os.environ)
    if settings.database_url is None:  # our own server: nothing that is meant for another
        environment = {name: value for name, value in environment.items() if name[:2] != "PG"}
    # A server that is not told that we are gone would hold what a restore has locked.
    told = [parts.get("options"), environment.get("PGOPTIONS"), LOST_CLIENT]
    parts["options"] = " ".join(str(one) for one in told if one)
    environment |= {"PGAPPNAME": "gridwarden backup", "PGCONNECT_TIMEOUT": "10"}
    if secret is not None:
        environment["PGPASSWORD"] = str(secret)
    return make_conninfo(**{name: str(value) for name, value in parts.items()}), environment


def _lines(statements: Sequence[str]) -> bytes:
    return "".join(f"{one};\n" for one in statements).encode("utf-8")


@contextmanager
def _said() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as said:
        yield said


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing is left running, however this ends."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _reason(said: IO[bytes]) -> str:
    said.seek(0)
    return _last_line(said.read().decode("utf-8", "replace"))


def _last_line(text: str) -> str:
    told = [line.strip() for line in text.splitlines() if re.search("error|fatal", line, re.I)]
    return told[0] if told else text.strip().rpartition("\n")[2] or "–"


__all__ = ["Client", "Dump", "client_for", "pour_in", "pour_out", "server_major"]
