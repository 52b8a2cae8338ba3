"""Which versions a dataset has, what going back to one would undo, and asking for it."""

from typing import Any

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake.rollback", "rollback.sql")
LISTED = 100
"""Later versions that are listed one by one."""
PATIENT_MS = 120_000
"""Edits are looked for in the whole history of a layer."""


async def datasets(
    pool: Pool,
    caller: Caller,
    *,
    layer: str | None = None,
    name: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Datasets that the caller may see, in the order of their ids; one more than `limit` when
    there are more."""
    values = {"layer": layer, "name": name, "after": after, "limit": limit}
    async with as_caller(pool, caller) as c:
        return [row[0] for row in await (await c.execute(Q["datasets"], values)).fetchall()]


async def versions(
    pool: Pool, caller: Caller, dataset_id: int, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """The versions of a dataset, newest first; one more than `limit` when there are more.

    Raises Problem `not_found`.
    """
    values = {"id": dataset_id, "before": before, "limit": limit}
    async with as_caller(pool, caller) as c:
        if await (await c.execute(Q["dataset"], values)).fetchone() is None:
            raise Problem("not_found", "nothing_lost.no_such_dataset")
        return [row[0] for row in await (await c.execute(Q["versions"], values)).fetchall()]


async def undone(pool: Pool, caller: Caller, dataset_id: int, version: int) -> dict[str, Any]:
    """What going back to a version would undo: the versions after it, newest first, with their
    import, person and counts, and how many features were edited by other paths since.

    Raises Problem `not_found`.
    """
    values = {"id": dataset_id, "version": version, "limit": LISTED}
    async with as_caller(pool, caller, PATIENT_MS) as c:
        row = await (await c.execute(Q["edits"], values)).fetchone()
        if row is None or row[0] is None:
            raise Problem("not_found", "nothing_lost.no_such_version", version=version)
        later = [one[0] for one in await (await c.execute(Q["later"], values)).fetchall()]
    return {"versions": later, "edits": row[0]}


async def roll_back(
    pool: Pool, caller: Caller, dataset_id: int, version: int, *, dry_run: bool, remove: int | None
) -> tuple[int, int]:
    """Queue the way back to a version, as an import without a file; the import's and job's id.

    Raises Problem `not_found` for a dataset that the caller may not import or a version that it
    never had.
    """
    values = {"id": dataset_id, "version": version, "dry_run": dry_run, "remove": remove}
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["roll_back"], values)).fetchone()
    said: dict[str, Any] | None = row[0] if row else None
    if said is None:
        raise Problem("not_found", "nothing_lost.no_such_dataset")
    if "import" not in said:
        raise Problem("not_found", "nothing_lost.no_such_version", field="version", version=version)
    return int(said["import"]), int(said["job"])
