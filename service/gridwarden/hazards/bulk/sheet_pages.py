"""`/hazards/sheets`: an edited workbook comes back, is looked at row by row, and is applied."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.bulk import sheets
from gridwarden.hazards.bulk.acting import HANDLING, TIMEOUT_MS
from gridwarden.hazards.bulk.columns import title_of
from gridwarden.hazards.forms import fields_of, first
from gridwarden.intake.bodies import form_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
Handler = Annotated[Caller, allow(*HANDLING)]
Number = Annotated[int, Path(ge=1, lt=2**63)]
MAX_SHEET = 32 << 20


@router.post("/hazards/sheets", response_class=HTMLResponse)
@costs("heavy")
async def bring(request: Request, caller: Handler) -> Response:
    """Read a workbook and go on to what it would do."""
    settings = request.app.state.settings
    _, came = await form_of(request, MAX_SHEET)
    if came is None:
        raise Problem("missing_value", field="file")
    rows = await sheets.read(came, settings)
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        number = await sheets.bring(c, caller, came, rows, settings)
    return RedirectResponse(f"/hazards/sheets/{number}", 303)


@router.get("/hazards/sheets/{sheet}", response_class=HTMLResponse)
async def report(request: Request, sheet: Number, caller: Handler) -> HTMLResponse:
    """What each row of a workbook would do, or did."""
    return await _report(request, sheet, caller)


async def _report(
    request: Request, sheet: int, caller: Caller, problem: Problem | None = None
) -> HTMLResponse:
    lang = caller.language
    async with as_caller(request.app.state.pool, caller) as c:
        found = await sheets.sheet(c, sheet, lang)
    return page(
        request,
        "hazards/sheet.html",
        caller=caller,
        refusal=problem,
        sheet=found,
        lines=[line for line in found["report"] if line["result"] != "unchanged"],
        title_of=lambda name: title_of(name, lang),
    )


@router.post("/hazards/sheets/{sheet}", response_class=HTMLResponse)
@costs("heavy")
async def apply(request: Request, sheet: Number, caller: Handler) -> Response:
    """Do what the changed rows ask for, as one act on many cases."""
    fields = await fields_of(request)
    only = bool(first(fields, "only_possible"))
    try:
        async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
            done = await sheets.apply(c, caller.language, sheet, only_possible=only)
    except Problem as problem:
        if problem.status == 404:
            raise
        return await _report(request, sheet, caller, problem)
    if done.batch is not None:
        return RedirectResponse(f"/hazards/bulk/{done.batch}", 303)
    return page(
        request,
        "hazards/bulk_left.html",
        caller=caller,
        status_code=409,
        done=done,
        back=f"/hazards/sheets/{sheet}",
        again=[],
        to=request.url.path,
        act="sheet",
    )
