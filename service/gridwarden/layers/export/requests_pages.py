"""`/export-requests`: who wants to take many exact mains out, and the second person's answer."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gridwarden.database import Caller
from gridwarden.layers.export import requests
from gridwarden.layers.export.requests_routes import Asker, Number
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(prefix="/export-requests", tags=["layers"])
Line = Annotated[str, Form(max_length=2000)]


@router.get("", response_class=HTMLResponse)
async def requests_page(request: Request, caller: Asker) -> HTMLResponse:
    """The form for a new request, and the requests that there are, newest first."""
    return await _page(request, caller)


@router.post("", response_class=HTMLResponse)
async def ask_by_form(request: Request, caller: Asker, why: Line = "", bbox: Line = "") -> Response:
    """Ask for the exact mains that you see, or those in a box; what is wrong is said above."""
    state = request.app.state
    try:
        await requests.ask(state.pool, caller, state.settings, why, bbox.strip())
    except Problem as problem:
        return await _page(request, caller, problem, {"why": why, "bbox": bbox})
    return RedirectResponse("/export-requests", 303)


@router.post("/{number}/decision", status_code=303)
async def decide_by_form(
    request: Request, number: Number, caller: Asker, approve: Line = "", why: Line = ""
) -> Response:
    """Approve (`yes`) or reject (`no`) somebody else's request."""
    state = request.app.state
    if approve not in ("yes", "no"):
        if not await requests.requests(state.pool, caller, number):
            raise Problem("not_found", "copies.none", field="request", request=number)
        raise Problem("invalid_value", "copies.yes_or_no", field="approve")
    decided = approve == "yes"
    await requests.decide(state.pool, caller, state.settings, number, approve=decided, why=why)
    return RedirectResponse("/export-requests", 303)


async def _page(
    request: Request,
    caller: Caller,
    problem: Problem | None = None,
    asked: dict[str, str] | None = None,
) -> HTMLResponse:
    state = request.app.state
    return page(
        request,
        "layers/export_requests.html",
        caller=caller,
        status_code=200 if problem is None else problem.status,
        items=await requests.requests(state.pool, caller),
        problem=None if problem is None else problem.said(language_of(request)),
        asked=asked or {"why": "", "bbox": ""},
        over=state.settings.export_second_km,
        least=requests.LEAST,
        most=requests.MOST,
    )
