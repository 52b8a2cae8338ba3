"""`/hazards/lists`: bring a list, look at what is only theirs, only ours and different, confirm."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller, queries
from gridwarden.hazards.bulk.columns import category_said, family_said
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.forms import fields_of, first, pairs
from gridwarden.hazards.reconciling import comparing
from gridwarden.hazards.reconciling.comparing import RECONCILING, REGISTERING, TIMEOUT_MS
from gridwarden.hazards.reconciling.reading import told_columns
from gridwarden.hazards.reconciling.registering import register
from gridwarden.intake.system_names import choices, system_name
from gridwarden.settings import Settings
from gridwarden.words import known, say
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.hazards.reconciling", "reconciling.sql")
router = APIRouter(tags=["hazards"])
Reconciler = Annotated[Caller, allow(*RECONCILING)]
Registrar = Annotated[Caller, allow(*REGISTERING)]
Number = Annotated[int, Path(alias="list", ge=1, lt=2**63)]
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "proposed": ("proposed",),
    "theirs": ("only",),
    "ours": (),
    "different": ("proposed", "confirmed", "registered"),
    "confirmed": ("confirmed", "registered"),
    "unread": ("only", "proposed", "confirmed", "registered"),
}
"""The page's parts, and which rows of the list each shows."""
Part = Annotated[str, Query(pattern="^(proposed|theirs|ours|different|confirmed|unread)$")]


def day_said(values: Mapping[str, str], name: str) -> date | None:
    """A day of a form. Raises Problem (400, naming the field)."""
    text = values.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Problem("invalid_value", "problem.reason.when", field=name) from None


@router.get("/hazards/lists", response_class=HTMLResponse)
async def lists_page(request: Request, caller: Reconciler) -> HTMLResponse:
    """Bring a list, and those that were brought."""
    return await lists_shown(request, caller)


async def lists_shown(
    request: Request,
    caller: Caller,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
) -> HTMLResponse:
    """The page, with what to correct where something was wrong."""
    settings: Settings = request.app.state.settings
    async with as_caller(request.app.state.pool, caller) as c:
        found = await comparing.lists(c)
        districts = await (await c.execute(Q["districts"])).fetchall()
    return page(
        request,
        "hazards/lists.html",
        caller=caller,
        refusal=problem,
        lists=found,
        districts=districts,
        systems=choices(settings.crs, caller.language, (), unknown=False),
        values=values or {},
    )


@router.get("/hazards/lists/{list}", response_class=HTMLResponse)
async def list_page(
    request: Request,
    number: Number,
    caller: Reconciler,
    part: Part = "proposed",
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> HTMLResponse:
    """One part of a compared list."""
    return await _shown(request, number, caller, part, after)


async def _shown(
    request: Request,
    number: int,
    caller: Caller,
    part: str,
    after: int = 0,
    problem: Problem | None = None,
) -> HTMLResponse:
    zone, lang = request.app.state.settings.time_zone, caller.language
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        one = await comparing.one(c, number)
        counts = (await comparing.lists(c, number))[0]
        ours = await comparing.only_ours(c, number, zone, comparing.PAGE if part == "ours" else 1)
        rows: list[dict[str, Any]] = []
        if PARTS[part]:
            wanted = {"differing": part == "different", "unread": part == "unread"}
            rows = await comparing.rows(c, number, zone, PARTS[part], after, **wanted)
    for row in rows:
        row["meant"] = comparing.category_meant(row["category"] or "")
        row["not_read"] = comparing.unread_words(row["unread"], lang)
    further = None
    if len(rows) == comparing.PAGE:
        further = f"/hazards/lists/{number}?part={part}&after={rows[-1]['number']}"
    return page(
        request,
        "hazards/list.html",
        caller=caller,
        refusal=problem,
        one=one,
        counts=counts,
        part=part,
        parts=[name for name in PARTS if name != "unread" or counts["unread"]],
        rows=[row for row in rows if part != "different" or row["differs"]],
        ours=ours if part == "ours" else [],
        ours_total=ours[0]["total"] if ours else 0,
        further=further,
        sure=comparing.matching()["sure"],
        columns=told_columns(one["columns"]),
        notes=[_note(note, lang) for note in one["notes"]],
        kind=lambda case: family_said(case["family"], lang),
        categories=[(name, category_said(name, lang)) for name in CATEGORIES],
        registering=caller.role in REGISTERING,
    )


def _note(note: str, lang: str) -> str:
    name, _, value = note.partition(":")
    key = f"reconciling.note.{name}"
    if name == "crs":
        value = system_name(value, lang)
    return say(key, lang, value=value) if known(key) else note


@router.post("/hazards/lists/{list}", response_class=HTMLResponse)
@costs("heavy")
async def decide(request: Request, number: Number, caller: Reconciler) -> Response:
    """Take what was said of ticked pairs, or compare again."""
    fields = await fields_of(request)
    asked = first(fields, "part")
    part = asked if asked in PARTS else "proposed"
    try:
        async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
            if first(fields, "match"):
                await comparing.match(c, number)
            else:
                await comparing.decide(c, number, _said(fields))
    except Problem as problem:
        return await _shown(request, number, caller, part, 0, problem)
    return RedirectResponse(f"/hazards/lists/{number}?part={part}", 303)


def _said(fields: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Rows and cases with what was said of them. Raises Problem where nothing was ticked."""
    picked = pairs(fields, "pick")
    apart = pairs(fields, "apart")
    if picked or apart:
        found = [(one, True) for one in picked] + [(one, False) for one in apart]
    else:
        same = first(fields, "same") == "yes"
        found = [(one, same) for one in pairs(fields, "pair")]
    if not found:
        raise Problem("missing_value", "bulk.nothing_chosen", field="pair")
    return [{"row": row, "case": case, "same": same} for (row, case), same in found]


@router.post("/hazards/lists/{list}/register", response_class=HTMLResponse)
async def register_row(request: Request, number: Number, caller: Registrar) -> Response:
    """Make a case of a row that only they had, and go to it."""
    fields = await fields_of(request)
    row = first(fields, "row")
    try:
        if not (row.isascii() and row.isdigit() and len(row) < 10):
            raise Problem("not_found", "reconciling.no_such_row", field="row")
        zone = request.app.state.settings.time_zone
        async with as_caller(request.app.state.pool, caller) as c:
            await register(c, number, int(row), first(fields, "category"), zone, caller.language)
    except Problem as problem:
        return await _shown(request, number, caller, "theirs", 0, problem)
    return RedirectResponse(f"/hazards/lists/{number}?part=theirs", 303)
