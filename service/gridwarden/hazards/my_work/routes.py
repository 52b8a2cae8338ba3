"""`/my-work`: what waits for this account today; `/my-work/report`: a new hazard, shortly."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.bulk.columns import category_said, family_said
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.cases.moving import report
from gridwarden.hazards.cases.pages import story_page
from gridwarden.hazards.my_work.reporting import FIELDS, SOURCES, told_of
from gridwarden.hazards.my_work.waiting import STATES, Q, waiting
from gridwarden.hazards.proof.keeping import keep_proof
from gridwarden.hazards.proof.looking import look
from gridwarden.intake.bodies import form_of
from gridwarden.settings import Settings
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
Worker = Annotated[Caller, allow(*STATES)]
Reporter = Annotated[Caller, allow(*SOURCES)]
FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {name: {"type": "string"} for name in FIELDS}
                    | {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@router.get("/api/my-work")
async def my_work(request: Request, caller: Worker) -> JSONResponse:
    """What waits for the caller: parts, most urgent first, each with its count and first cases."""
    settings: Settings = request.app.state.settings
    async with as_caller(request.app.state.pool, caller) as c:
        parts, suspected = await waiting(c, caller, settings)
    items = [{"part": one.name, "n": one.n, "cases": one.cases} for one in parts]
    told = jsonable_encoder({"items": items, "suspected": suspected, "next": None})
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


@router.get("/my-work", response_class=HTMLResponse)
async def my_work_page(request: Request, caller: Worker) -> HTMLResponse:
    """The same as a page for a phone: a tap opens a case, or does what needs nothing else said."""
    settings: Settings = request.app.state.settings
    async with as_caller(request.app.state.pool, caller) as c:
        parts, suspected = await waiting(c, caller, settings)
    lang = caller.language
    return page(
        request,
        "hazards/my_work.html",
        caller=caller,
        parts=parts,
        suspected=suspected,
        total=sum(one.n for one in parts),
        late=next((one.n for one in parts if one.name == "overdue"), 0),
        kind=lambda case: family_said(case["family"], lang),
        own=caller.role in ("utility", "contractor"),
    )


@router.get("/my-work/report", response_class=HTMLResponse)
async def report_page(request: Request, caller: Reporter) -> HTMLResponse:
    """The form."""
    return await _form(request, caller, {})


async def _form(
    request: Request,
    caller: Caller,
    values: Mapping[str, str],
    problem: Problem | None = None,
    *,
    photo_lost: bool = False,
) -> HTMLResponse:
    grids: list[Any] = []
    if caller.role == "warden":
        async with as_caller(request.app.state.pool, caller) as c:
            grids = await (await c.execute(Q["grids"])).fetchall()
    lang = caller.language
    return page(
        request,
        "hazards/report_hazard.html",
        caller=caller,
        refusal=problem,
        values=dict.fromkeys(FIELDS, "") | dict(values),
        categories=[(one, category_said(one, lang)) for one in CATEGORIES],
        grids=grids,
        photo_lost=photo_lost,
        secure=request.url.scheme == "https" or request.url.hostname in ("localhost", "127.0.0.1"),
    )


@router.post("/my-work/report", response_class=HTMLResponse, openapi_extra=FORM)
@costs("heavy")
async def reported(request: Request, caller: Reporter) -> Response:
    """Report it with its photo, and show the case."""
    settings: Settings = request.app.state.settings
    values: dict[str, str] = {}
    sent = None
    try:
        values, sent = await form_of(request, (settings.proof_mb << 20) + (1 << 20))
        told = told_of(values, caller.role, settings.crs)
        if sent is not None:  # a file that is no photo is told before anything is written
            seen = await look(sent.body)
            if not seen.media.startswith("image/"):
                raise Problem("refused", "proof.refused.no_photo", field="file")
        async with as_caller(request.app.state.pool, caller) as c:
            made = await report(c, told)
    except Problem as problem:
        known = {k: v for k, v in values.items() if k in FIELDS}
        return await _form(request, caller, known, problem, photo_lost=sent is not None)
    number = int(made["id"])
    if sent is not None:
        try:
            pool = request.app.state.pool
            await keep_proof(pool, caller, settings, number, "before", sent.name, sent.body)
        except Problem as problem:  # the hazard is reported: its page says what of the photo
            return await story_page(request, caller, number, problem)
    return RedirectResponse(f"/hazards/{number}", 303)
