"""`GET /api/screenings`: what every screening saw and judged, and why the findings changed."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller, queries

router = APIRouter(tags=["screening"])
Q = queries(__package__ or "gridwarden.screening", "kept.sql")
Reader = Annotated[Caller, allow("utility", "supervisor", "planner", "dispatcher")]


class Difference(BaseModel):
    """Findings of a family that came, changed or went, by what caused it.

    `rule`: what judges them changed, and neither the finding's subject nor its counterpart did.
    """

    family: str
    reason: Literal["rule", "data"]
    added: int
    changed: int
    ended: int


class Screening(BaseModel):
    """One screening: packs in force at the one before it and at it, and what it did."""

    id: int
    at: datetime
    reason: Literal["data", "rules", "asked"]
    role: str | None
    proposal: int | None
    packs_before: dict[str, str]
    packs_after: dict[str, str]
    changes: int
    statements: int
    of_statements: int
    seconds: float
    counts: list[Difference]


class Screenings(BaseModel):
    """A page of screenings, newest first."""

    items: list[Screening]
    next: str | None


@router.get("/api/screenings")
async def screenings(
    request: Request,
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[int, Query(ge=1, lt=2**63, description="from `next`")] = 2**63 - 1,
) -> Screenings:
    """Screenings, newest first: counts alone, of the whole city.

    A utility and a dispatcher are not told families that are judged against mains.
    """
    values = {"before": cursor, "limit": limit + 1}
    async with as_caller(request.app.state.pool, caller) as connection:
        rows = await (await connection.execute(Q["kept"], values)).fetchall()
    found = [Screening.model_validate(row[0]) for row in rows]
    more = len(found) > limit
    following = f"/api/screenings?limit={limit}&cursor={found[limit - 1].id}" if more else None
    return Screenings(items=found[:limit], next=following)
