"""Findings as the caller may see them, and a screen on request.

Of what is tied to mains a planner gets grade and band, by district or 500 m cell; a box selects
only what is not tied to mains, and the answer says so (`left_out`): boxes could be made as thin
as one likes, and would draw the main. A company reads the evidence of its own mains, a supervisor
that of their districts, and that look is recorded.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.access import allow
from gridwarden.access.named import district_called
from gridwarden.database import Caller, as_caller, queries
from gridwarden.jobs import queue
from gridwarden.screening.parameters import FindingsQuery, findings_query
from gridwarden.words import say

router = APIRouter(tags=["screening"])
Q = queries(__package__ or "gridwarden.screening", "findings.sql")
Reader = Annotated[Caller, allow("utility", "supervisor", "planner")]
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
    settings = request.app.state.settings
    asked = findings_query(request.query_params.multi_items(), caller.role)
    values = asked.values(settings.crs)
    async with as_caller(request.app.state.pool, caller) as connection:
        await _place_district(connection, asked, values)
        if caller.role == "supervisor":
            await connection.execute(Q["look"], {"purpose": "findings"})
        name = "open" if caller.role == "planner" else "exact"
        row = await (await connection.execute(Q[name], values)).fetchone()
    assert row is not None
    return JSONResponse(_answer(row[0], asked, caller))


async def _place_district(
    connection: AsyncConnection[TupleRow], asked: FindingsQuery, values: dict[str, object]
) -> None:
    """Put the district's id in the place of what it was called."""
    name = asked.filters.get("district")
    if name is None:
        return
    values["district"] = await district_called(
        connection, str(name), "district", unknown="invalid_value"
    )


def _answer(page: dict[str, Any], asked: FindingsQuery, caller: Caller) -> dict[str, Any]:
    answer = {
        "items": page["items"],
        "next": asked.following(page["last"]) if page["more"] else None,
    }
    if asked.bbox and caller.role == "planner":
        answer["left_out"] = say("screening.box_leaves_out_mains", caller.language)
    return answer


@router.post("/api/screenings", status_code=202)
async def screenings(request: Request, caller: Asker) -> JSONResponse:
    """Queue a full screen; the answer names the job to watch."""
    async with as_caller(request.app.state.pool, caller) as connection:
        job = await queue(connection, kind="screen", one_at_a_time="screen")
    headers = {"Location": f"/api/jobs/{job}"}
    return JSONResponse({"job": f"/api/jobs/{job}", "id": job}, status_code=202, headers=headers)
