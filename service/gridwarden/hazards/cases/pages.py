"""`/hazards`: the list; `/hazards/{number}`: the whole story of one case and what to do next."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import Caller, as_caller
from gridwarden.hazards.cases import sections
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.cases.forms import FIELDS, REPORTED, report_of, transition_of
from gridwarden.hazards.cases.listing import Q, count_cases, list_cases
from gridwarden.hazards.cases.loading import by_cell, story
from gridwarden.hazards.cases.moving import report
from gridwarden.hazards.cases.parameters import CHOICES, GRADES, SORTS, cases_query
from gridwarden.hazards.cases.routes import MOVERS, Mover, Number, Reader, move_case, there
from gridwarden.hazards.forms import FORM_BODY, form_values
from gridwarden.layers.catalogue import layers
from gridwarden.words import known, language_of, say
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
ROWS: Final = 50
MOST: Final = 10_000
"""Counted so far; more is said to be more."""
FINDINGS: Final = ("utility", "supervisor", "planner", "inspector", "warden")
"""Roles that open a finding's page."""
DAYS: Final = ("supervisor", "inspector")
"""Roles that may enter what happened on an earlier day."""
SHOWN_BEFORE: Final = (
    *("grade", "category", "place_words", "description", "external_no", "person_responsible"),
    *("leader_in_charge", "due_at", "closing_exception"),
)
"""Columns whose former value the story tells."""
PARAMETERS: Final = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
    for name in (*CHOICES, "family", "district", "grid", "org", "due_before", "q", "sort", "cursor")
]


def family_words(family: str, lang: str) -> str:
    """What a family is called; a report's by its category."""
    if family.startswith("report."):
        key = f"hazards.category.{family.removeprefix('report.')}"
        kind = say(key, lang) if known(key) else family.removeprefix("report.")
        return say("hazards.page.reported", lang, kind=kind)
    return say(f"family.{family}", lang) if known(f"family.{family}") else family


@router.get("/hazards", response_class=HTMLResponse, openapi_extra={"parameters": PARAMETERS})
async def hazards_page(request: Request, caller: Reader) -> HTMLResponse:
    """Cases, filtered as `GET /api/hazards` is, 50 a page."""
    settings, lang = request.app.state.settings, language_of(request)
    items = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
    asked = cases_query(items, settings.time_zone, limit=ROWS)
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        found = await list_cases(c, caller, asked, settings.crs)
        total = await count_cases(c, caller, asked)
        districts = await _districts(c, caller)
    following = None
    if found.after:
        following = asked.address("/hazards", cursor="{}~{}".format(*found.after))
    return page(
        request,
        "hazards/ledger.html",
        caller=caller,
        rows=found.items,
        total=total,
        most=MOST,
        wanted=dict.fromkeys((*CHOICES, "family", "district", "grid", "org", "due_before", "q"))
        | dict(asked.filters),
        sort=asked.sort,
        sorts=SORTS,
        choices=CHOICES,
        districts=districts,
        next_page=following,
        first_page=asked.address("/hazards") if asked.after else None,
        narrowed=bool(asked.filters),
        may_report=caller.role in MOVERS,
        by_org=caller.role in ("supervisor", "planner", "inspector"),
        family_words=lambda family: family_words(family, lang),
    )


@router.get("/hazards/report", response_class=HTMLResponse)
async def report_page(
    request: Request,
    caller: Mover,
    layer: str = "",
    subject_id: str = "",
    lon: str = "",
    lat: str = "",
) -> HTMLResponse:
    """The form by which a person enters what they found."""
    given = {"layer": layer[:63], "subject_id": subject_id[:18], "lon": lon[:30], "lat": lat[:30]}
    return _report_page(request, caller, given, None)


def _report_page(
    request: Request, caller: Caller, values: Mapping[str, str], problem: Problem | None
) -> HTMLResponse:
    return page(
        request,
        "hazards/report.html",
        caller=caller,
        refusal=problem,
        values=dict.fromkeys(REPORTED, "") | dict(values),
        categories=CATEGORIES,
        sources=tuple(one for one in CHOICES["source"] if one != "screening"),
        grades=GRADES,
        layers=[(one.id, one.title.in_(language_of(request))) for one in layers().values()],
    )


@router.post("/hazards/report", response_class=HTMLResponse, openapi_extra=FORM_BODY)
async def reported(request: Request, caller: Mover) -> Response:
    """Enter it and show its story; what cannot be taken is said above the form."""
    settings = request.app.state.settings
    values = await form_values(request, REPORTED)
    try:
        told = report_of(values).told(settings.crs)
        async with as_caller(request.app.state.pool, caller) as c:
            made = await report(c, told)
    except Problem as problem:
        return _report_page(request, caller, values, problem)
    return RedirectResponse(f"/hazards/{made['id']}", 303)


@router.get("/hazards/{number}", response_class=HTMLResponse)
async def hazard_page(request: Request, number: Number, caller: Reader) -> HTMLResponse:
    """The whole story of one case on one page, with a form for each act that is legal now."""
    return await story_page(request, caller, number)


@router.post("/hazards/{number}", response_class=HTMLResponse, openapi_extra=FORM_BODY)
async def act(request: Request, number: Number, caller: Mover) -> Response:
    """Do what a form of the page says; a refusal is said above the page as it is now."""
    settings = request.app.state.settings
    await there(request, caller, number)
    values = await form_values(request, FIELDS)
    version = values.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise Problem("invalid_value", "asked.bad_number", field="version", least=1)
    try:
        async with as_caller(request.app.state.pool, caller) as c:
            told = await transition_of(c, values, settings.time_zone)
        done = await move_case(request, caller, number, told.act, told.said(), [int(version)])
    except Problem as problem:
        if problem.kind == "not_found" and problem.detail == "hazards.none":
            raise
        return await story_page(request, caller, number, problem, values)
    seen = "entered_at" in done
    onward = values.get("next", "")
    inside = onward.startswith("/") and not onward.startswith("//") and "\\" not in onward
    return RedirectResponse(onward if inside else f"/hazards/{number}" if seen else "/hazards", 303)


async def story_page(
    request: Request,
    caller: Caller,
    number: int,
    problem: Problem | None = None,
    values: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A case's page as it is now; `problem` is what one of its forms was refused for."""
    settings, lang = request.app.state.settings, language_of(request)
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        found = await story(c, number, settings.crs)
        more = await sections.loaded(c, caller, found.case)
        orgs = await _organisations(c, caller)
        due = await (await c.execute(Q["due"], found.case)).fetchone()
    case = found.case
    layer = layers().get(case["layer"] or "")
    return page(
        request,
        "hazards/case.html",
        caller=caller,
        refusal=problem,
        case=case,
        by_cell=by_cell(case),
        acts=[one | {"changed": _changed(one, lang)} for one in reversed(found.acts)],
        evidence=found.evidence,
        duplicates=found.duplicates,
        legal=found.legal,
        barred=found.barred,
        sections=more,
        tried=dict.fromkeys(FIELDS, "") | dict(values or {}),
        orgs=orgs,
        latest=due[0] if due else None,
        zone=settings.time_zone,
        layer_title=layer.title.in_(lang) if layer else "",
        family=family_words(case["family"], lang),
        grades=GRADES,
        categories=CATEGORIES,
        may_find=caller.role in FINDINGS,
        may_backdate=caller.role in DAYS,
    )


def _changed(act: Mapping[str, Any], lang: str) -> list[tuple[str, Any]]:
    """What an act changed of the columns that are told: the column and what it was before."""
    found: list[tuple[str, Any]] = []
    for name in SHOWN_BEFORE:
        if name not in act["before"] or act["before"][name] is None:
            continue
        was = act["before"][name]
        if name == "grade":
            was = say(f"severity.{was}", lang)
        elif name == "category":
            was = say(f"hazards.category.{was}", lang) if known(f"hazards.category.{was}") else was
        elif name == "due_at":
            was = datetime.fromisoformat(was)
        found.append((name, was))
    return found


async def _districts(c: AsyncConnection[TupleRow], caller: Caller) -> list[tuple[str, str]]:
    if caller.role not in layers()["districts"].readers:
        return []
    rows = await (await c.execute(Q["districts"])).fetchall()
    return [(str(row[0]), row[1]) for row in rows]


async def _organisations(c: AsyncConnection[TupleRow], caller: Caller) -> list[str]:
    """Names that a form offers, to who assigns."""
    if caller.role != "supervisor":
        return []
    return [row[0] for row in await (await c.execute(Q["organisations"])).fetchall()]
