"""Findings as the caller may see them, and a screen on request."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse, Response

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller
from gridwarden.jobs import queue_screen
from gridwarden.layers.past import moment
from gridwarden.screening import changes_routes, exporting_routes
from gridwarden.screening.earlier import as_known, ended
from gridwarden.screening.explaining import Explained, explain
from gridwarden.screening.listing import EXACT, LISTING, list_findings
from gridwarden.screening.parameters import FindingsQuery, findings_query
from gridwarden.screening.showing import context, picture_of
from gridwarden.words import say
from gridwarden.words.page import environment, furniture, page, zone_of
from gridwarden.words.problems import Problem

router = APIRouter(tags=["screening"])
router.include_router(exporting_routes.router)  # before `/api/findings/{number}`
router.include_router(changes_routes.router)
NOT_KEPT: Final = {"Cache-Control": "no-store"}
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
        ("at", {"type": "string"}, "as known at a day's end, or a moment (RFC 3339)"),
        ("limit", {"type": "integer", "minimum": 1}, "at most 1000"),
        ("cursor", {"type": "integer", "minimum": 0}, "from `next`"),
    )
]


@router.get("/api/findings", openapi_extra={"parameters": PARAMETERS})
async def findings(request: Request, caller: Reader) -> Response:
    """A page of findings, in the order of their ids, with as much evidence as the caller may read.

    Ids are by chance: one that appears meanwhile may stand on a page that was read. To miss none,
    take a place of `/api/events` before.
    """
    zone = request.app.state.settings.time_zone
    asked = findings_query(request.query_params.multi_items(), caller.role, zone)
    async with as_caller(request.app.state.pool, caller) as connection:
        found = await list_findings(connection, caller, asked, request.app.state.settings.crs)
    answer: dict[str, Any] = {
        "items": found.items,
        "next": asked.following(found.after) if found.after else None,
    }
    if asked.bbox and caller.role not in EXACT:
        answer["left_out"] = say("screening.box_leaves_out_mains", caller.language)
    return JSONResponse(answer)


At = Annotated[str | None, Query(description="as known at that day's end, or moment")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="a finding's id")]


@router.get("/api/findings/{number}")
async def finding(
    request: Request,
    number: Number,
    caller: Reader,
    at: At = None,
) -> JSONResponse:
    """Why one finding is one: rule, row, how the number came about, both features, all bands.

    One that has ended is told as it last was, with `ended`: since when, until when, and why. With
    `at` it is the list's own row, as it was known then.
    """
    if at:
        return JSONResponse(await _as_of(request, number, caller, at), headers=NOT_KEPT)
    explained = await _explained(request, number, caller)
    return JSONResponse(jsonable_encoder(explained.finding), headers=NOT_KEPT)


@router.get("/api/findings/{number}/picture.svg", response_class=Response)
async def finding_picture(request: Request, number: Number, caller: Reader) -> Response:
    """Its picture, for who may read the finding's evidence."""
    explained = await _explained(request, number, caller, drawn=True)
    lang = caller.language
    if "form" in explained.finding:
        raise Problem("conflict", explained.finding["say"])
    picture = picture_of(explained, lang, zone_of(request))
    if picture is None:
        raise Problem("not_found", "screening.page.no_picture")
    shown = furniture(request, caller, lang) | {"picture": picture}
    text = environment().get_template("screening/picture.html").render(shown)
    headers = NOT_KEPT | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
    headers |= {"X-Content-Type-Options": "nosniff", "Content-Language": lang}
    return Response(text.strip(), media_type="image/svg+xml", headers=headers)


@router.get("/findings/{number}", response_class=HTMLResponse)
async def finding_page(
    request: Request, number: Number, caller: Reader, at: At = None
) -> HTMLResponse:
    """The same as a page to read and to print; with `at` as it was known then."""
    settings = request.app.state.settings
    if at:
        then = moment(at, settings.time_zone)
        async with as_caller(
            request.app.state.pool, caller, settings.statement_timeout_ms
        ) as connection:
            explained = await as_known(
                connection, caller, number, settings.crs, settings.time_zone, then
            )
    else:
        explained = await _explained(request, number, caller, drawn=True)
    shown = context(explained, caller.language, zone_of(request))
    return page(request, "screening/finding.html", caller=caller, at=at, **shown)


async def _as_of(request: Request, number: int, caller: Caller, at: str) -> dict[str, Any]:
    settings = request.app.state.settings
    asked = FindingsQuery({}, None, None, 1, at=moment(at, settings.time_zone), number=number)
    pool, timeout = request.app.state.pool, settings.statement_timeout_ms
    async with as_caller(pool, caller, timeout) as connection:
        found = await list_findings(connection, caller, asked, settings.crs)
    if not found.items:
        raise Problem("not_found", "time.no_finding", field="number")
    return found.items[0]


async def _explained(
    request: Request, number: int, caller: Caller, *, drawn: bool = False
) -> Explained:
    settings = request.app.state.settings
    pool, timeout = request.app.state.pool, settings.statement_timeout_ms
    async with as_caller(pool, caller, timeout) as connection:
        found = await explain(connection, caller, number, settings.crs, drawn=drawn)
        if found is not None:
            return found
        return await ended(connection, caller, number, settings.crs, settings.time_zone)


@router.post("/api/screenings", status_code=202)
async def screenings(request: Request, caller: Asker) -> JSONResponse:
    """Queue a full screen; the answer names the job to watch."""
    async with as_caller(request.app.state.pool, caller) as connection:
        job = await queue_screen(connection)
    headers = {"Location": f"/api/jobs/{job}"}
    return JSONResponse({"job": f"/api/jobs/{job}", "id": job}, status_code=202, headers=headers)
