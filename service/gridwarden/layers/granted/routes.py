"""`/api/main-grants`: a bureau opens the exact mains of a district to one planner, for a time."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller
from gridwarden.layers.granted import grants as opened

router = APIRouter(tags=["layers"])
PATH: Final = "/api/main-grants"
Giver = Annotated[Caller, allow("supervisor")]
Knower = Annotated[Caller, allow("supervisor", "planner", "auditor")]
Granted = Annotated[Caller, allow("planner")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
MOST_HOURS: Final = 30 * 24
PRINTED: Final = r"^[^\x00-\x1f\x7f]*$"
"""A text of one line, without what no file or page can hold."""


class Giving(BaseModel):
    """To which planner, which district (number, code or name), why, and for how many hours."""

    model_config = ConfigDict(extra="forbid")
    person: Annotated[str, Field(min_length=1, max_length=120, pattern=PRINTED)]
    district: Annotated[str, Field(min_length=1, max_length=120)]
    why: Annotated[str, Field(min_length=8, max_length=500, pattern=PRINTED)]
    hours: Annotated[int, Field(strict=True, ge=1, le=MOST_HOURS)]


class Grant(BaseModel):
    """A grant, and whether it still holds."""

    id: int
    person: str
    district_id: int
    district: str | None
    why: str
    granted_by: str
    granted_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    holds: bool


class Grants(BaseModel):
    """The newest thousand, newest first."""

    items: list[Grant]
    next: str | None = None


@router.get(PATH)
async def grants(request: Request, caller: Knower) -> Grants:
    """Who was granted what, why and till when: a bureau's districts', a planner's own."""
    rows = await opened.listed(request.app.state.pool, caller)
    return Grants(items=[Grant.model_validate(row) for row in rows])


@router.post(PATH, status_code=201)
async def give(request: Request, giving: Giving, caller: Giver) -> JSONResponse:
    """Grant the exact mains of a district to one planner; at most 30 days."""
    made = await opened.give(request.app.state.pool, caller, **giving.model_dump())
    return JSONResponse({"id": made}, status_code=201)


@router.delete(f"{PATH}/{{number}}", status_code=204)
async def end(request: Request, number: Number, caller: Giver) -> Response:
    """End a grant before its time. It holds at once."""
    await opened.end(request.app.state.pool, caller, number)
    return Response(status_code=204)


@router.get(f"{PATH}/mains")
async def mains(
    request: Request,
    caller: Granted,
    cursor: Annotated[int, Query(ge=0, lt=2**63, description="from `next`")] = 0,
) -> JSONResponse:
    """The exact mains that the caller's grants open, as GeoJSON; 404 where none holds. Every look
    is recorded, with the mains; `copy` says whose copy it is, and stands in the vertices, too.
    """
    state = request.app.state
    page = await opened.mains(state.pool, caller, state.settings, cursor)
    document = {
        "type": "FeatureCollection",
        "copy": page.copy,
        "features": page.features,
        "next": None if page.last is None else f"/api/main-grants/mains?cursor={page.last}",
    }
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(document, headers=headers, media_type="application/geo+json")


@router.get("/api/main-cells")
@costs("heavy")
async def main_cells(request: Request, caller: Granted) -> JSONResponse:
    """In which 500 m squares mains lie, how many in three classes, and their highest pressure
    class, as GeoJSON: what planners know of mains without a grant.
    """
    state = request.app.state
    found = await opened.cells(state.pool, caller, state.settings.statement_timeout_ms)
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(found, headers=headers, media_type="application/geo+json")
