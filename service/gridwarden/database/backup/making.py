"""`gridwarden backup FILE`: one archive of one moment, while work goes on."""

import errno
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from gridwarden.database.addresses import database_name
from gridwarden.database.backup import files, room
from gridwarden.database.backup.archive import HOME, MANIFEST, Manifest, Packing
from gridwarden.database.backup.leftovers import sweep
from gridwarden.database.backup.lock import alone
from gridwarden.database.backup.programs import client_for, pour_out
from gridwarden.database.backup.told import Report, refusal
from gridwarden.database.cluster import connect_owner
from gridwarden.database.passwords import sync_folder
from gridwarden.database.queries import queries
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.database.backup", "backup.sql")
SHORTEST: Final = 12
"""Characters of a passphrase."""


@dataclass(frozen=True, slots=True)
class Made:
    """An archive that is whole and on the disk."""

    file: Path
    size: int
    manifest: Manifest
    beside: Sequence[str]
    """What others keep in the database: it is not in the archive."""


def make(settings: Settings, target: Path, passphrase: str, report: Report) -> Made:
    """Write an archive of this installation to `target`, a file or a folder; who works goes on.

    Whole under its name or not at all: an older archive of that name stays until this one is on the
    disk. Raises SetUpError.
    """
    if len(passphrase) < SHORTEST:
        raise refusal(settings, "short_passphrase", n=SHORTEST)
    final = name_of(settings, target)
    half = final.with_name(f"{final.name}.part")
    with alone(settings), files.linked(settings) as folder, _sentences(settings, final):
        sweep(settings)
        files.link_all(settings, folder)
        with closing(connect_owner(settings, autocommit=False)) as c:
            manifest, snapshot = _seen(settings, c, folder, report)
            beside = c.execute(Q["beside"]).fetchall()
            room.check_backup(settings, final.parent, manifest)
            descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    with Packing(file, passphrase) as packing:
                        packing.text(MANIFEST, manifest.text())
                        _pack_files(packing, folder, manifest, report)
                        client = client_for(settings, manifest.postgresql)
                        pour_out(
                            settings,
                            client,
                            snapshot,
                            beside,
                            lambda stream: packing.dump(stream, lambda n: report("dump", n, None)),
                        )
                    file.flush()
                    os.fsync(file.fileno())
                half.replace(final)
                sync_folder(final.parent)
            finally:
                half.unlink(missing_ok=True)
    return Made(final, final.stat().st_size, manifest, [name for _, name in beside])


def name_of(settings: Settings, target: Path) -> Path:
    """The archive's file; in a folder one that is not there yet. Raises SetUpError."""
    target = target.expanduser().absolute()
    if target.is_dir():
        target = _free_name(target)
    if not target.parent.is_dir():
        raise refusal(settings, "no_folder", folder=target.parent)
    if target.exists() and not target.is_file():  # a device would be replaced by the archive
        raise refusal(settings, "no_plain_file", file=target)
    return target


def _free_name(folder: Path) -> Path:
    """A name by the moment; a clock that was set back has given it before, perhaps."""
    stem = f"gridwarden-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = chain([f"{stem}.age"], (f"{stem}-{n}.age" for n in count(2)))
    return next(folder / name for name in names if not (folder / name).exists())


def _seen(
    settings: Settings, c: psycopg.Connection[Any], folder: Path, report: Report
) -> tuple[Manifest, str]:
    """Fix the snapshot, and note what it holds; files that it names are linked by then."""
    c.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    c.read_only = True
    seen = c.cursor(row_factory=dict_row).execute(Q["snapshot"]).fetchone()
    assert seen is not None
    if seen["owner"] is None:
        raise refusal(settings, "nothing_to_back_up")
    if seen["owner"] != c.info.user:  # to this one they would be somebody else's: an empty archive
        raise refusal(settings, "other_owner", owner=seen["owner"], user=c.info.user)
    files.link_all(settings, folder)
    row = c.execute(Q["chain"]).fetchone()
    assert row is not None
    head, seals, revision = row
    files.cut_heads(folder, seals)
    files.keep_settings(folder, os.environ)
    tables = counts(c, report)
    places = [place for place in folder.rglob("*") if place.is_file()]
    manifest = Manifest(
        archive=uuid.uuid4().hex,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        program=version("gridwarden"),
        revision=revision,
        postgresql=seen["postgresql"],
        owner=c.info.user,
        database=database_name(settings),
        crs=settings.crs,
        epoch=seen["epoch"],
        next_xid=seen["next_xid"],
        head=head,
        seals=seals,
        tables=tables,
        files=len(places),
        size=sum(place.stat().st_size for place in places),
        database_size=seen["database_size"],
    )
    return manifest, str(seen["snapshot"])


def counts(c: psycopg.Connection[Any], report: Report) -> Mapping[str, int]:
    """The rows of every table, by `schema.table`."""
    names = c.execute(Q["tables"]).fetchall()
    found: dict[str, int] = {}
    for done, (schema, table) in enumerate(names):
        report("count", done, len(names))
        query = sql.SQL("select count(*) from only {}").format(sql.Identifier(schema, table))
        row = c.execute(query).fetchone()
        found[f"{schema}.{table}"] = row[0] if row else 0
    return found


def _pack_files(packing: Packing, folder: Path, manifest: Manifest, report: Report) -> None:
    done = 0
    for place in sorted(folder.rglob("*")):
        if place.is_file():
            done += packing.file(f"{HOME}/{place.relative_to(folder)}", place)
            report("files", done, manifest.size)


@contextmanager
def _sentences(settings: Settings, target: Path) -> Iterator[None]:
    """What the disk refuses, as a sentence that names the archive's folder."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise refusal(settings, "no_room", folder=target.parent) from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise refusal(settings, "not_writable", folder=target.parent) from None
        raise
