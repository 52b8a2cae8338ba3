"""Who may ask for an import, and which one they mean."""

from typing import Annotated, Any

from fastapi import Path

from gridwarden.access import allow
from gridwarden.database import Caller, Pool, as_caller
from gridwarden.intake.imports import Q
from gridwarden.words.problems import Problem

Importer = Annotated[
    Caller, allow("utility", "supervisor", "planner", "dispatcher", "administrator")
]
ImportId = Annotated[int, Path(ge=1, le=2**63 - 1)]


async def found(pool: Pool, caller: Caller, import_id: int) -> dict[str, Any]:
    """An import that the caller may see. Raises Problem `not_found`."""
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["one"], {"id": import_id})).fetchone()
    if row is None:
        raise Problem("not_found", "intake.no_such_import")
    document: dict[str, Any] = row[0]
    return document
