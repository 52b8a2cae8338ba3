"""`/deadlines` and `/api/deadlines`: when cases are due, by which table and which calendar."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from gridwarden.access import allow
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller, as_caller
from gridwarden.hazards.deadlines import keeping
from gridwarden.hazards.deadlines.keeping import Q
from gridwarden.words.page import page

router = APIRouter(tags=["hazards"])
READERS: Final = (*ASKERS, ADMINISTRATORS[0])
Reader = Annotated[Caller, allow(*READERS)]
Year = Annotated[int | None, Query(ge=2000, le=2200)]


@router.get("/api/deadlines")
async def deadlines(request: Request, caller: Reader) -> dict[str, Any]:
    """The table in force, row by row with its source, and the years whose holidays are known."""
    async with as_caller(request.app.state.pool, caller) as c:
        return await keeping.in_force(c)


@router.get("/deadlines", response_class=HTMLResponse)
async def deadlines_page(request: Request, caller: Reader, year: Year = None) -> HTMLResponse:
    """The same for reading and printing, with the days of one year that differ from the week."""
    async with as_caller(request.app.state.pool, caller) as c:
        told = await keeping.in_force(c)
        shown = year or date.today().year
        days = await (await c.execute(Q["calendar"], {"year": shown})).fetchall()
    return page(
        request,
        "hazards/deadlines.html",
        caller=caller,
        told=told,
        year=shown,
        known=any(one["year"] == shown for one in told["years"]),
        days=[{"day": day, "working": working, "name": name} for day, working, name in days],
    )
