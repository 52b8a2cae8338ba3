"""Asking for an import: who may, whose rows they will be, the file put away, the job queued,
a held one answered, and the file thrown away when all is over."""

import asyncio
import hashlib
import shutil
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from gridwarden.access.named import organisation_called
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.geodesy import CrsRefusedError, WorkingCrs, reading_of
from gridwarden.intake.ask import Ask
from gridwarden.intake.coordinates.local import LOCAL
from gridwarden.intake.coordinates.named import check_called
from gridwarden.intake.formats import encoding as letters
from gridwarden.layers.catalogue import Layer, layers
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake", "imports.sql")
MAX_NAME = 100
LEFT_S = 86_400.0


def check(ask: Ask, caller: Caller, settings: Settings) -> Layer:
    """What can be refused before any file is read. Raises Problem; gives the layer."""
    known = layers()
    if ask.layer not in known:
        raise Problem(
            "invalid_value",
            "intake.no_such_target",
            field="layer",
            layer=ask.layer[:80],
            known=", ".join(known),
        )
    layer = known[ask.layer]
    if caller.role not in layer.importers:
        raise Problem(
            "forbidden",
            "intake.may_not_import",
            field="layer",
            role=caller.role,
            layer=layer.id,
            roles=", ".join(layer.importers),
        )
    if not 0 < len(ask.dataset.strip()) <= MAX_NAME or not ask.dataset.isprintable():
        raise Problem("invalid_value", "intake.bad_dataset", field="dataset")
    letters.asked(ask.encoding)
    if ask.crs:
        _check_crs(ask.crs, settings)
    return layer


def _check_crs(crs: str, settings: Settings) -> None:
    """Raises Problem `refused` for a system that nothing can be read in; of a local one that it is
    there is looked up when the caller's connection is open."""
    if crs.startswith(LOCAL):
        return
    try:
        reading_of(crs, WorkingCrs(settings.crs))
    except CrsRefusedError as no:
        raise Problem("refused", f"intake.crs_{no.reason}", field="crs", crs=no.crs) from no


async def ask_for(
    pool: Pool,
    caller: Caller,
    settings: Settings,
    ask: Ask,
    org: str | None,
    folder: Path,
    file_name: str,
) -> tuple[int, int]:
    """Queue the import of the file that lies in `folder`; returns the import's and the job's id.

    The folder becomes the import's own in the same transaction. Raises Problem.
    """
    check(ask, caller, settings)
    size, digest = await asyncio.to_thread(_measured, folder)
    async with as_caller(pool, caller) as c:
        await check_called(c, ask.crs)
        org_id = await whose(c, caller, org)
        values = {
            "layer": ask.layer,
            "dataset": ask.dataset,
            "file_name": file_name[-200:].replace("\x00", ""),
            "bytes": size,
            "sha256": digest,
            "ask": Jsonb(ask.document()),
            "org_id": org_id,
        }
        row = await (await c.execute(Q["bring"], values)).fetchone()
        if row is None or row[0] is None:
            raise Problem("forbidden", "intake.other_owner", field="dataset")
        import_id = int(row[0])
        job = await (await c.execute(Q["job_of"], {"id": import_id})).fetchone()
        assert job is not None
        await asyncio.to_thread(_move, folder, settings.files / str(import_id))
    return import_id, int(job[0])


async def answer(
    pool: Pool, caller: Caller, settings: Settings, import_id: int, said: Mapping[str, Any]
) -> int:
    """Answer what a held import asks; it is queued again, the caller is recorded.

    `said` is {"remove": n}, or {"crs": …}, {"north_first": …} or both. Returns the job's id.
    Raises Problem `not_found` for an import of a layer (or company) that the caller may not
    import, `conflict` for one that is not held, or is held for something else.
    """
    if said.get("crs"):
        _check_crs(said["crs"], settings)
    async with as_caller(pool, caller) as c:
        await check_called(c, said.get("crs"))
        values = {"id": import_id, "answer": Jsonb(dict(said))}
        row = await (await c.execute(Q["answer"], values)).fetchone()
    told: dict[str, Any] | None = row[0] if row else None
    if told is None:
        raise Problem("not_found", "intake.no_such_import")
    if "held" in told:
        raise Problem("conflict", "intake.other_number", field="remove", n=told["held"])
    if "question" in told:
        field = {"remove": "remove", "axes": "north_first"}.get(told["question"], "crs")
        raise Problem("conflict", f"coordinates.other_question.{field}", field=field)
    if "state" in told:
        raise Problem("conflict", "intake.not_held", state=told["state"])
    return int(told["job"])


async def sweep(pool: Pool, settings: Settings) -> None:
    """Throw away the files of imports that have ended, and what a dry run has shown.

    A held one keeps its file; so do, for `keep_files_days`, one with rejected rows, which go home
    in it, and a dry run. `pool` is the worker's. A folder that no import knows may be one whose
    request has not been committed yet, so it goes only when it is a day old.
    """
    folders = {
        int(p.name): p for p in settings.files.glob("*") if p.name.isascii() and p.name.isdigit()
    }
    async with as_caller(pool, Caller("import", "worker")) as c:
        days = {"days": settings.keep_files_days}
        await c.execute(Q["forget_changes"], days)
        rows = await (await c.execute(Q["over"], {"ids": list(folders), **days})).fetchall()
    for import_id, known in rows:
        with suppress(FileNotFoundError):
            if known or time.time() - folders[import_id].stat().st_mtime > LEFT_S:
                await asyncio.to_thread(discard, folders[import_id])


async def whose(c: Any, caller: Caller, org: str | None) -> int | None:
    """Whose rows these will be. A company brings its own alone. Raises Problem."""
    if org is None:
        if caller.role != "utility":
            return None
        if len(caller.org_ids) != 1:
            raise Problem("missing_value", "intake.which_org", field="org")
        return caller.org_ids[0]
    number = await organisation_called(c, org, "org")
    if caller.role == "utility" and number not in caller.org_ids:
        raise Problem("forbidden", "intake.other_owner", field="org")
    return number


def incoming(settings: Settings) -> Path:
    """A folder of its own for a file that is just arriving, readable by the service alone."""
    settings.files.mkdir(parents=True, mode=0o700, exist_ok=True)
    for left in settings.files.glob("incoming-*"):  # of a process that died
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > LEFT_S:
                discard(left)
    return settings.files / f"incoming-{uuid.uuid4().hex}"


def kept_file(settings: Settings, import_id: int) -> Path | None:
    """The file of an import as it was brought, of a Shapefile the one that GDAL opens; None when
    it is kept no more."""
    folder = settings.files / str(import_id)
    files = sorted(p for p in folder.glob("source*") if p.is_file())
    return next((p for p in files if p.suffix == ".shp"), files[0] if files else None)


def discard(folder: Path) -> None:
    """Throw away a file that was not taken."""
    shutil.rmtree(folder, ignore_errors=True)


def _measured(folder: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of what lies in a folder, in the order of names."""
    digest = hashlib.sha256()
    size = 0
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    return size, digest.hexdigest()


def _move(folder: Path, to: Path) -> None:
    # A folder of that number is left from a database that is no more (restored, made anew).
    shutil.rmtree(to, ignore_errors=True)
    folder.rename(to)
