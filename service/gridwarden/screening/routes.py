"""Findings as the caller may see them, and a screen on request."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller
from gridwarden.jobs import queue_screen
from gridwarden.screening.listing import EXACT, list_findings
from gridwarden.screening.parameters import findings_query
from gridwarden.words import say

router = APIRouter(tags=["screening"])
LISTING: Final = ("utility", "supervisor", "planner", "dispatcher")
"""Roles that see findings as rows."""
Reader = Annotated[Caller, allow(*LISTING)]
Asker = Annotated[Caller, allow("utility", "supervisor", "planner", "administrator")]

PARAMETERS: list[dict[str, Any]] = [
    {"name": name, "in": "query", "required": False, "schema": schema, "description": told}
    for name, schema, told in (
        ("family", {"type": "string"}, "main_encroachment, site_near_main, …"),
        ("rule", {"type": "string"}, "a rule's id; finds only rows whose rule you may see"),
        ("layer", {"type": "string"}, "the subject's layer"),
        ("severity", {"enum": ["general", "serious", "major"]}, "grade"),
        ("certainty", {"enum": ["certain", "possible"]}, "certain or possible"),
        ("district", {"type": "string"}, "id, code or name of a district"),
        ("cell", {"type": "string"}, "square-500/COLUMN/ROW of the working CRS, half-open"),
        ("bbox", {"type": "string"}, "west,south,east,north in degrees"),
        ("limit", {"type": "integer", "minimum": 1}, "at most 1000"),
        ("cursor", {"type": "integer", "minimum": 0}, "from `next`"),
    )
]


@router.get("/api/findings", openapi_extra={"parameters": PARAMETERS})
async def findings(request: Request, caller: Reader) -> Response:
    """A page of findings, oldest first, with as much evidence as the caller may read."""
    asked = findings_query(request.query_params.multi_items(), caller.role)
    async with as_caller(request.app.state.pool, caller) as connection:
        found = await list_findings(connection, caller, asked, request.app.state.settings.crs)
    answer: dict[str, Any] = {
        "items": found.items,
        "next": asked.following(found.after) if found.after else None,
    }
    if asked.bbox and caller.role not in EXACT:
        answer["left_out"] = say("screening.box_leaves_out_mains", caller.language)
    return JSONResponse(answer)


@router.post("/api/screenings", status_code=202)
async def screenings(request: Request, caller: Asker) -> JSONResponse:
    """Queue a full screen; the answer names the job to watch."""
    async with as_caller(request.app.state.pool, caller) as connection:
        job = await queue_screen(connection)
    headers = {"Location": f"/api/jobs/{job}"}
    return JSONResponse({"job": f"/api/jobs/{job}", "id": job}, status_code=202, headers=headers)
