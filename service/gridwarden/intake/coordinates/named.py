"""Local systems under their names: kept, listed, and found for a file that is read by one."""

from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.access.named import organisation_called
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.geodesy import Reading, WorkingCrs
from gridwarden.intake.coordinates.local import LOCAL, LocalSystem, reading_kept
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake.coordinates", "local.sql")
Connection = AsyncConnection[TupleRow]
MAX_NAME: Final = 100


def checked_name(name: str) -> str:
    """A name that a system may have. Raises Problem `invalid_value`."""
    plain = name.strip()
    if not 0 < len(plain) <= MAX_NAME or not plain.isprintable():
        raise Problem("invalid_value", "coordinates.local.bad_name", field="name")
    return plain


async def keep(
    pool: Pool, caller: Caller, name: str, org: str | None, system: LocalSystem
) -> dict[str, Any]:
    """Keep a fit as the next version of its name. A company's is its own; else the office's.

    Raises Problem.
    """
    async with as_caller(pool, caller) as c:
        org_id = await _owner(c, caller, org)
        values = {"name": checked_name(name), "org_id": org_id, "fit": Jsonb(system.document())}
        row = await (await c.execute(Q["keep"], values)).fetchone()
        assert row is not None
        kept = await (await c.execute(Q["one"], {"id": row[0]})).fetchone()
    assert kept is not None
    document: dict[str, Any] = kept[0]
    return document


async def _owner(c: Connection, caller: Caller, org: str | None) -> int | None:
    if caller.role != "utility":
        if org is not None:
            raise Problem("invalid_value", "coordinates.local.office", field="org")
        return None
    if org is None:
        if len(caller.org_ids) != 1:
            raise Problem("missing_value", "intake.which_org", field="org")
        return caller.org_ids[0]
    number = await organisation_called(c, org, "org")
    if number not in caller.org_ids:
        raise Problem("forbidden", "intake.other_owner", field="org")
    return number


async def listed(pool: Pool, caller: Caller, before: int | None, limit: int) -> list[Any]:
    """The caller's systems, newest first, without their points and parameters."""
    async with as_caller(pool, caller) as c:
        values = {"before": before, "limit": limit}
        rows = await (await c.execute(Q["page"], values)).fetchall()
    return [row[0] for row in rows]


async def one(pool: Pool, caller: Caller, number: int) -> dict[str, Any]:
    """One version of a system. Raises Problem `not_found`."""
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["one"], {"id": number})).fetchone()
    if row is None:
        raise Problem("not_found", "coordinates.local.no_such")
    document: dict[str, Any] = row[0]
    return document


def _called(crs: str) -> str:
    """The name in `local:NAME`. Raises Problem `invalid_value` for letters that no name has."""
    name = crs.removeprefix(LOCAL)
    if not name.isprintable():
        raise Problem("invalid_value", "coordinates.local.odd_name", field="crs")
    return name


async def check_called(c: Connection, crs: str | None) -> None:
    """Raises Problem where `crs` names a local system that the caller may not use (`not_found`),
    or that nothing can be called (`invalid_value`)."""
    if crs is None or not crs.startswith(LOCAL):
        return
    name = _called(crs)
    if await (await c.execute(Q["called"], {"name": name})).fetchone() is None:
        raise Problem("not_found", "coordinates.refused.no_local", field="crs", name=crs[:120])


async def fitted_by(c: Connection, crs: str | None, working: WorkingCrs) -> Reading | None:
    """The reading that `crs` names, of the caller's systems; None for any other system.

    Raises Problem as `check_called` does.
    """
    await check_called(c, crs)
    if crs is None or not crs.startswith(LOCAL):
        return None
    name = _called(crs)
    row = await (await c.execute(Q["called"], {"name": name})).fetchone()
    return reading_kept(name, row[0], working) if row else None


async def names_of(c: Connection) -> list[str]:
    """The names of the systems that the caller may use."""
    return [row[0] for row in await (await c.execute(Q["names"])).fetchall()]


async def fitted_for(
    c: Connection, crs: str | None, import_id: int, working: WorkingCrs
) -> Reading | None:
    """The reading that an import's `crs` names, of its sender's systems (worker)."""
    if crs is None or not crs.startswith(LOCAL):
        return None
    name = crs.removeprefix(LOCAL)
    row = await (await c.execute(Q["called_for"], {"name": name, "id": import_id})).fetchone()
    return reading_kept(name, row[0], working) if row else None
