"""`gridwarden restore FILE`: an installation from an archive, wholly or not at all.

An archive is checked to its last byte, laid out beside, loaded and compared before anything that
stands is touched. The private cluster is made anew beside the old one; on an outside server the
database is loaded in one transaction.

Transaction numbers stand in the history (which version was written, and ended, by which
transaction), and a new cluster counts anew from nothing. So its count begins past the archive's:
what was written before a moment still was, and answers from before are given again.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from gridwarden.database import cluster
from gridwarden.database.addresses import LOGINS, login_name
from gridwarden.database.backup import files, room, switching
from gridwarden.database.backup.archive import Manifest, Unpacked, unpack
from gridwarden.database.backup.leftovers import remove, staged, sweep
from gridwarden.database.backup.lock import alone
from gridwarden.database.backup.making import counts
from gridwarden.database.backup.programs import Dump, client_for, pour_in, server_major
from gridwarden.database.backup.quiet import check_quiet
from gridwarden.database.backup.told import Report, refusal
from gridwarden.database.cluster import connect_owner
from gridwarden.database.making import make_home
from gridwarden.database.postgres import account_of, fail, find_programs, run_as
from gridwarden.database.queries import queries
from gridwarden.database.server import check_server
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.database.backup", "backup.sql")
SCHEMAS: Final = ("access", "api", "data", "jobs")
MOST_RAISED: Final = 100_000_000
"""Transaction numbers that are used up at most, on a server that others use, too."""
STEP: Final = 100_000
OWN_NOTES: Final = "data.restoration"


@dataclass(frozen=True, slots=True)
class Above:
    """What rooms above know of an installation.

    `ensure_roles` makes the roles, which belong to a server and are in no dump; `knows` says
    whether this program has a migration of that name; `verify` holds the whole audit trail against
    its seals, raising SetUpError where it is broken.
    """

    ensure_roles: Callable[[Settings], None]
    knows: Callable[[str], bool]
    verify: Callable[[Settings], None]


@dataclass(frozen=True, slots=True)
class Compared:
    """A restored installation held against its archive: both are equal, or it would not be told."""

    manifest: Manifest
    tables: Mapping[str, int]
    head: str
    strangers: Sequence[str]
    """Roles that are not here: their rights were not restored."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did; `replaced` is where the old files are now."""

    compared: Compared
    replaced: Path | None
    settings_kept: bool


def restore(
    settings: Settings,
    file: Path,
    passphrase: str,
    above: Above,
    report: Report,
    *,
    replace: bool = False,
    ready: Callable[[Settings, Compared], None] = lambda settings, compared: None,
) -> Restored:
    """Restore the archive into this state folder, and the database that the settings name.

    `ready` is called with the settings of the restored installation while its database runs. Raises
    SetUpError; what stood there before then still stands.
    """
    file = file.expanduser().absolute()
    make_home(settings)
    with alone(settings):
        sweep(settings)
        _check_free(settings, replace)
        with staged(settings) as folder:
            found = unpack(settings, file, passphrase, folder, _fits(settings, file, above), report)
            kept = files.settle_settings(found.home, settings.home)
            if settings.database_url is None:
                compared, replaced = _into_own(settings, found, above, report, ready)
            else:
                compared, replaced = _into_outside(settings, found, above, report)
                ready(settings, compared)
    return Restored(compared, replaced, kept)


def restore_aside(
    settings: Settings, file: Path, passphrase: str, above: Above, report: Report
) -> Compared:
    """Restore the archive into a cluster of its own, compare it, and remove it: a trial."""
    file = file.expanduser().absolute()
    trial = settings.model_copy(update={"database_url": None})
    with alone(settings), staged(settings) as folder:
        found = unpack(settings, file, passphrase, folder, _fits(trial, file, above), report)
        with _cluster_beside(trial, found, report) as made:
            return _loaded(made, found, above, report)


def _fits(settings: Settings, file: Path, above: Above) -> Callable[[Manifest], None]:
    """Refuses an archive that this program, or the server here, is too old for, or the disk too
    full.
    """

    def look(manifest: Manifest) -> None:
        if manifest.format != 1 or not above.knows(manifest.revision):
            raise refusal(settings, "newer", version=manifest.program)
        if settings.database_url is None:
            major = find_programs(settings).major
        else:
            major = server_major(settings)
        if major < manifest.postgresql:
            raise refusal(settings, "older_server", major=major, wanted=manifest.postgresql)
        room.check_restore(settings, file, manifest, own=settings.database_url is None)

    return look


def _check_free(settings: Settings, replace: bool) -> None:
    """Refuse to overwrite, unless it is asked for; and while somebody works on it."""
    check_quiet(settings)
    stands, busy = switching.stands(settings), 0
    if settings.database_url is not None:
        with connect_owner(settings) as c:
            check_server(settings, c)
            stands, busy = stands or bool(_one(c, "anything")), _one(c, "at_work")
        if replace:
            check_leaning(settings)
    elif stands:
        with suppress(SetUpError), connect_owner(settings) as c:  # it may be what is broken
            busy = _one(c, "at_work")
    if stands and not replace:
        raise refusal(settings, "not_empty", home=settings.home)
    if busy:
        raise refusal(settings, "at_work")


@contextmanager
def _cluster_beside(settings: Settings, found: Unpacked, report: Report) -> Iterator[Settings]:
    """A new private cluster in the archive's own state folder, its count of transactions raised."""
    manifest = found.manifest
    made = settings.model_copy(update={"home": found.home, "crs": manifest.crs})
    found.home.chmod(found.home.parent.stat().st_mode & 0o777)
    report("cluster", 0, None)
    cluster.up(made)
    cluster.down(made)
    _raise_epoch(made, (manifest.next_xid >> 32) + 1)
    cluster.up(made)
    try:
        yield made
    finally:
        cluster.down(made)


def _raise_epoch(settings: Settings, epoch: int) -> None:
    """Have the stopped cluster count its transactions from epoch × 2^32 on."""
    programs = find_programs(settings)
    resetwal, data = programs.folder / "pg_resetwal", settings.cluster / "data"
    done = run_as(account_of(settings), [resetwal, "-e", str(epoch), "-D", data])
    if done.returncode:
        raise fail("count", done.stdout, settings)


def _into_own(
    settings: Settings,
    found: Unpacked,
    above: Above,
    report: Report,
    ready: Callable[[Settings, Compared], None],
) -> tuple[Compared, Path | None]:
    with _cluster_beside(settings, found, report) as made:
        compared = _loaded(made, found, above, report)
        _analyze(made, report)
        ready(made, compared)
    # Everything is there, compared, and at rest: now, and not before, the old one goes.
    with suppress(SetUpError):  # an old cluster that cannot be stopped is one that does not run
        cluster.down(settings)
    moved = found.home.rename(settings.home / f"restoring-{uuid.uuid4().hex[:8]}")
    switching.begin(settings, moved, found.manifest.archive)
    return compared, switching.finish(settings)


def _into_outside(
    settings: Settings, found: Unpacked, above: Above, report: Report
) -> tuple[Compared, Path | None]:
    made = settings.model_copy(update={"home": found.home})
    for login in LOGINS:  # passwords that work stay: the old installation may have to go on
        name = login_name(settings, login)
        if (settings.secrets / name).exists():
            made.secrets.mkdir(mode=0o700, exist_ok=True)
            shutil.copy2(settings.secrets / name, made.secrets / name, follow_symlinks=False)
    cluster.up(made)
    _raise_count(made, found.manifest)
    moved = found.home.rename(settings.home / f"restoring-{uuid.uuid4().hex[:8]}")
    made = settings.model_copy(update={"home": moved})
    strangers: Sequence[str] = ()
    try:
        strangers = _load(
            made,
            found,
            above,
            report,
            _cleared(),
            lambda: switching.begin(settings, moved, found.manifest.archive),
        )
    except BaseException:
        with _asking(settings):  # cut in the last moment it is in all the same
            committed = switching.settled(settings) is not None
        if not committed:
            remove(settings, moved)
            raise
    with _asking(settings):
        replaced = switching.finish(settings)
    try:
        compared = _held_against(settings, found.manifest, strangers, above, report)
    except (SetUpError, psycopg.OperationalError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise refusal(settings, "stands", reason=reason) from None
    _analyze(settings, report)
    return compared, replaced


@contextmanager
def _asking(settings: Settings) -> Iterator[None]:
    """While the server is asked whether it holds the archive; where it does not say, whoever comes
    next asks again.
    """
    try:
        yield
    except (SetUpError, psycopg.OperationalError):
        raise refusal(settings, "not_known") from None


def _raise_count(settings: Settings, manifest: Manifest) -> None:
    """Use up transaction numbers until new ones are past the archive's. Raises SetUpError."""
    with connect_owner(settings) as c:
        missing = manifest.next_xid - int(_one(c, "reached"))
        if missing > MOST_RAISED:
            raise refusal(settings, "far_behind", n=missing, epoch=(manifest.next_xid >> 32) + 1)
        c.execute("set synchronous_commit = off")
        c.execute(sql.SQL("set gridwarden.past = {}").format(str(manifest.next_xid)))
        c.execute(sql.SQL("set gridwarden.step = {}").format(str(STEP)))
        while int(_one(c, "reached")) <= manifest.next_xid:
            c.execute(Q["raise"])


def _loaded(made: Settings, found: Unpacked, above: Above, report: Report) -> Compared:
    """The database with what the dump holds, held against the manifest."""
    strangers = _load(made, found, above, report)
    return _held_against(made, found.manifest, strangers, above, report)


def _load(
    made: Settings,
    found: Unpacked,
    above: Above,
    report: Report,
    before: Sequence[str] = (),
    commits: Callable[[], object] = lambda: None,
) -> Sequence[str]:
    """Load what the dump holds, in one transaction that also compares rows and head; gives the
    roles whose rights stayed away.
    """
    manifest = found.manifest
    above.ensure_roles(made)
    client = client_for(made, max(manifest.postgresql, server_major(made)))
    return pour_in(
        made,
        client,
        _dump(made, found),
        [Q["alone"], *before],
        [_as_archived(manifest), _lineage(manifest), *_rights_by_default()],
        lambda done: report("load", done, None),
        commits,
    )


def _held_against(
    made: Settings, manifest: Manifest, strangers: Sequence[str], above: Above, report: Report
) -> Compared:
    """What is there now: the audit verified, rows and head the archive's. Raises SetUpError."""
    report("verify", 0, None)
    above.verify(made)
    return _compared(made, manifest, strangers, report)


def _analyze(settings: Settings, report: Report) -> None:
    """A dump has no statistics; without them the first days would be slow."""
    report("analyze", 0, None)
    with connect_owner(settings) as c:
        c.execute("analyze")


def _compared(
    made: Settings, manifest: Manifest, strangers: Sequence[str], report: Report
) -> Compared:
    """Rows and head as they are there now. Raises SetUpError where they are not the archive's."""
    with connect_owner(made) as c:
        tables = dict(counts(c, report))
        row = c.execute(Q["chain"]).fetchone()
    tables[OWN_NOTES] = tables.get(OWN_NOTES, 1) - 1  # this restore's own
    differ = [name for name, rows in manifest.tables.items() if tables.get(name) != rows]
    head = str(row[0]) if row else ""
    if differ or head != manifest.head:
        raise refusal(made, "differs", what=", ".join(differ) or "data.audit_seal")
    return Compared(manifest, tables, head, strangers)


def _dump(made: Settings, found: Unpacked) -> Dump:
    """The dump; names of logins end in the name of their database, and owners have any name."""
    manifest = found.manifest
    renamed = {f"gridwarden_{each}_{manifest.database}": login_name(made, each) for each in LOGINS}
    with connect_owner(made) as c:
        renamed[manifest.owner] = c.info.user
    return Dump(found.dump, manifest.owner, renamed)


def _cleared() -> list[str]:
    """What makes room for a restore, in its transaction."""
    schemas = sql.SQL(", ").join(map(sql.Identifier, SCHEMAS))
    drops = sql.SQL("drop schema if exists {} cascade").format(schemas).as_string(None)
    return ["set client_min_messages = warning", drops,
            "drop table if exists public.alembic_version"]  # fmt: skip


def _as_archived(manifest: Manifest) -> str:
    """Ends the transaction unless every table has the archive's rows, and the audit its head."""
    looks = [
        sql.SQL("if (select count(*) from only {}) <> {} then raise exception {}; end if;").format(
            sql.Identifier(*name.split(".", 1)), sql.Literal(rows), sql.Literal(name)
        )
        for name, rows in manifest.tables.items()
    ]
    head = sql.SQL(
        "if coalesce((select encode(s.head, 'hex') from data.audit_seal s order by s.number desc"
        " limit 1), '') <> {} then raise exception 'data.audit_seal'; end if;"
    ).format(sql.Literal(manifest.head))
    body = sql.SQL("\n").join([*looks, head])
    return sql.SQL("do $restored$ begin {} end $restored$").format(body).as_string(None)


def _lineage(manifest: Manifest) -> str:
    """Notes whose transaction numbers go on here."""
    return (
        sql.SQL("insert into data.restoration (archive, epoch) values ({}, {})")
        .format(sql.Literal(manifest.archive), sql.Literal(manifest.epoch))
        .as_string(None)
    )


def _rights_by_default() -> list[str]:
    """As the first migration has them: a new function is nobody's until it is granted."""
    return ["alter default privileges revoke execute on functions from public"]


def check_leaning(settings: Settings) -> None:
    """Raises SetUpError where others built on our tables, types or functions: it would go with
    them.
    """
    with connect_owner(settings) as c:
        found = c.execute(Q["leaning"], {"schemas": list(SCHEMAS)}).fetchall()
    if found:
        raise refusal(settings, "leaning", what=", ".join(name for (name,) in found))


def _one(c: psycopg.Connection[Any], name: str) -> Any:
    row = c.execute(Q[name]).fetchone()
    return row[0] if row else None
