"""What is remembered of the caller's forms, by HTTP: see it, forget it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.intake.habits.knowing import Q
from gridwarden.intake.seeing import Importer
from gridwarden.words.problems import Problem

router = APIRouter(tags=["import"])


@router.get("/api/imports/habits")
async def listed(
    request: Request,
    caller: Importer,
    layer: Annotated[str | None, Query(max_length=100)] = None,
) -> dict[str, Any]:
    """The forms of the caller's files of which something was said, and what."""
    return {"items": await mine(request.app.state.pool, caller, layer), "next": None}


@router.delete("/api/imports/habits/{habit_id}", status_code=204)
async def forgotten(
    request: Request, caller: Importer, habit_id: Annotated[int, Path(ge=1, le=2**63 - 1)]
) -> None:
    """Forget what was said of one form."""
    await forget(request.app.state.pool, caller, habit_id)


async def mine(pool: Pool, caller: Caller, layer: str | None) -> list[dict[str, Any]]:
    """The caller's remembered forms, oldest first."""
    async with as_caller(pool, caller) as c:
        rows = await (await c.execute(Q["mine"], {"layer": layer})).fetchall()
    return [row[0] for row in rows]


async def forget(pool: Pool, caller: Caller, habit_id: int) -> None:
    """Forget one form. Raises Problem `not_found` for one that is not the caller's."""
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["forget"], {"id": habit_id})).fetchone()
    if row is None or not row[0]:
        raise Problem("not_found", "intake.habit.no_such")
