"""`/hazards/bulk`: the list to choose from, one act on what was ticked, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from psycopg.rows import dict_row

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.bulk import acting, saved, sheets
from gridwarden.hazards.bulk.acting import HANDLING, TIMEOUT_MS, Connection, Done, Q
from gridwarden.hazards.bulk.choosing import of_filter
from gridwarden.hazards.bulk.columns import (
    COLUMNS,
    GRADES,
    category_said,
    chosen,
    family_said,
    title_of,
)
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.cases.listing import (
    LISTING,
    cases_query,
    count_cases,
    list_cases,
    offered_to,
)
from gridwarden.hazards.cases.parameters import GRADES as WORST_FIRST
from gridwarden.hazards.cases.parameters import SORTS
from gridwarden.hazards.forms import fields_of, first, pairs
from gridwarden.hazards.life_cycle import LIFE_CYCLE
from gridwarden.words import say
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
Handler = Annotated[Caller, allow(*HANDLING)]
Lister = Annotated[Caller, allow(*LISTING)]
Batch = Annotated[str, Path(max_length=60)]
ROWS: Final = 100
SETTABLE: Final = ("grade", "org_id", "person_responsible", "due_at")
"""What the form of a bulk act lets fill in; each act takes of it what it may set."""
FOLDED: Final = ("district", "org", "family", "due_before")
"""Filters in the part of the form that is open when one of them is set."""
Fields = list[tuple[str, str]]


@router.get("/hazards/bulk", response_class=HTMLResponse)
async def bulk_page(request: Request, caller: Lister) -> HTMLResponse:
    """The list with boxes to tick, saved views, and the form of an act on what was ticked."""
    return await _list(request, caller, request.query_params.multi_items())


async def _list(
    request: Request,
    caller: Caller,
    items: Sequence[tuple[str, str]],
    problem: Problem | None = None,
    ticked: Sequence[int] = (),
    said: Mapping[str, str] | None = None,
) -> HTMLResponse:
    settings = request.app.state.settings
    lang = caller.language
    columns = chosen([v for k, v in items if k == "columns" for v in v.split(",")])
    own = [(k, v) for k, v in items if k not in ("columns", "view") and v]
    asked = cases_query(own, settings.time_zone, limit=ROWS)
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        found = await list_cases(c, caller, asked, settings.crs)
        total = await count_cases(c, caller, asked)
        names = await sheets.names_of(c, caller, settings.time_zone)
        kept = await saved.views(c)
        offered = await offered_to(c, caller)
    filters = asked.address("").lstrip("?")
    picked = {} if columns == chosen([]) else {"columns": ",".join(one.name for one in columns)}
    further = None
    if found.after:
        more = {"cursor": "{}~{}".format(*found.after)} | picked
        further = asked.address("/hazards/bulk", **more)
    return page(
        request,
        "hazards/bulk.html",
        caller=caller,
        refusal=problem,
        rows=[
            (case, [(one.name, names.said(one, case, lang)) for one in columns])
            for case in found.items
        ],
        columns=[(one.name, one.title(lang)) for one in columns],
        all_columns=[(one.name, one.title(lang)) for one in COLUMNS],
        wanted=dict(asked.filters) | {"sort": asked.sort},
        total=total,
        filters=filters,
        further=further,
        views=kept,
        acts=acts(caller.role, lang),
        orgs=sorted(names.orgs.items(), key=lambda one: one[1]),
        choices=_choices(lang) | _narrower(offered, asked.filters, lang),
        unfolded=any(name in asked.filters for name in FOLDED),
        handling=caller.role in HANDLING,
        ticked=set(ticked),
        said=said or {},
    )


def acts(role: str, lang: str) -> list[tuple[str, str]]:
    """What many cases can be done at once, by name and words: nothing that takes a proof or names
    another case, and no closing: each of these is looked at by itself.
    """
    alone = {"duplicate", "close", "close_with_exception", "plan", "report_done", "extend"}
    mine = {
        one.name: say(f"hazards.act.{one.name}", lang)
        for one in LIFE_CYCLE.acts
        if one.by_people and one.may(role, responsible=True)
    }
    return [(name, words) for name, words in mine.items() if name not in alone]


def _choices(lang: str) -> dict[str, list[tuple[str, str]]]:
    states = ["open", *LIFE_CYCLE.states]
    return {
        "state": [(one, say(f"hazards.state.{one}", lang)) for one in states],
        "grade": [(one, say(f"severity.{one}", lang)) for one in WORST_FIRST],
        "category": [(one, category_said(one, lang)) for one in CATEGORIES],
        "overdue": [("true", say("bulk.overdue", lang))],
        "sort": [(one, say(f"bulk.sort.{one}", lang)) for one in SORTS],
    }


def _narrower(
    offered: Mapping[str, Sequence[tuple[str, str | None]]], wanted: Mapping[str, str], lang: str
) -> dict[str, list[tuple[str, str]]]:
    """What is offered to choose, in words; what was asked for by another name stays as it is."""
    found = {}
    for name, values in offered.items():
        known = {value: words or family_said(value, lang) for value, words in values}
        asked = wanted.get(name)
        if asked is not None and asked not in known:
            known = {v: words for v, words in known.items() if words != asked} | {asked: asked}
        found[name] = list(known.items())
    return found


@router.post("/hazards/bulk", response_class=HTMLResponse)
@costs("heavy")
async def bulk_act(request: Request, caller: Handler) -> Response:
    """Do an act on what was ticked; what could not is listed with the reason."""
    fields = await fields_of(request)
    query = first(fields, "filters")
    items = [*parse_qsl(query), ("columns", first(fields, "columns"))]
    said = {name: first(fields, name) for name in ("act", "note", *SETTABLE)}
    cases = pairs(fields, "case")
    try:
        name, told = _asked(said, caller.language)
        async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
            chosen_ones: list[tuple[int, int | None]] = [*cases]
            if first(fields, "all"):
                chosen_ones = await of_filter(c, caller, query, request.app.state.settings)
            done = await acting.act(
                c,
                caller.language,
                acting.rows_of(chosen_ones, name, told),
                {"act": name, "note": said["note"]},
                only_possible=bool(first(fields, "only_possible")),
            )
    except Problem as problem:
        return await _list(request, caller, items, problem, [one for one, _ in cases], said)
    return _told(request, caller, done, "/hazards/bulk", fields, said["act"])


def _asked(said: Mapping[str, str], lang: str) -> tuple[str, dict[str, Any]]:
    """The act of a form and what is said with it. Raises Problem naming the field."""
    name = said["act"]
    rows = [one for one in LIFE_CYCLE.acts if one.name == name]
    if not rows:
        raise Problem("missing_value", "bulk.choose_act", field="act")
    sets = {column for one in rows for column in one.sets}
    values: dict[str, Any] = {k: said[k] for k in SETTABLE if said[k] and k in sets}
    if "org_id" in values:
        if not (values["org_id"].isascii() and values["org_id"].isdigit()):
            raise Problem("invalid_value", "hazards.bad_value", field="org_id", column="org_id")
        values["org_id"] = int(values["org_id"][:18])
    if "grade" in values and values["grade"] not in GRADES:
        raise Problem(
            "invalid_value", "hazards.bad_value", field="grade", column=title_of("grade", lang)
        )
    told: dict[str, Any] = {"set": values} if values else {}
    return name, told | ({"note": said["note"]} if said["note"] else {})


def _told(
    request: Request, caller: Caller, done: Done, back: str, fields: Fields, act: str
) -> Response:
    """On to the act that was done, or a page of what could not, with the others still to do."""
    if done.batch is not None:
        return RedirectResponse(f"/hazards/bulk/{done.batch}", 303)
    return page(
        request,
        "hazards/bulk_left.html",
        caller=caller,
        status_code=409,
        done=done,
        back=back,
        again=[(k, v) for k, v in fields if k != "only_possible"],
        to=request.url.path,
        act=act,
    )


@router.get("/hazards/bulk/{batch}", response_class=HTMLResponse)
async def bulk_act_page(request: Request, batch: Batch, caller: Handler) -> HTMLResponse:
    """One act on many cases: what it did, the cases as they are now, and taking it back."""
    async with (
        as_caller(request.app.state.pool, caller) as c,
        c.cursor(row_factory=dict_row) as cursor,
    ):
        one = await acting.act_of(c, batch)
        of = {"id": one["undoes"] or one["id"]}
        cases = await (await cursor.execute(Q["of_act"], of)).fetchall()
    return page(request, "hazards/bulk_act.html", caller=caller, one=one, cases=cases)


@router.post("/hazards/bulk/{batch}/undo", response_class=HTMLResponse)
@costs("heavy")
async def bulk_undo(request: Request, batch: Batch, caller: Handler) -> Response:
    """Take an act on many cases back; what somebody has gone on with is listed."""
    fields = await fields_of(request)
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        only = bool(first(fields, "only_possible"))
        done = await acting.undo(c, caller.language, batch, only_possible=only)
    return _told(request, caller, done, f"/hazards/bulk/{batch}", fields, "undo")


@router.post("/hazards/views", response_class=HTMLResponse)
async def keep_view(request: Request, caller: Lister) -> Response:
    """Keep the list as it is filtered under a name, or forget a view of one's own."""
    fields = await fields_of(request)
    zone = request.app.state.settings.time_zone
    query, gone = first(fields, "filters"), first(fields, "forget")
    columns = [one for one in first(fields, "columns").split(",") if one]
    async with as_caller(request.app.state.pool, caller) as c:
        if gone:
            await _forget(c, gone)
        else:
            shared = bool(first(fields, "shared"))
            await saved.save(c, first(fields, "name"), query, columns, shared, zone)
    asked = parse_qsl(query) + ([("columns", ",".join(columns))] if columns else [])
    return RedirectResponse(f"/hazards/bulk?{urlencode(asked)}", 303)


async def _forget(c: Connection, said: str) -> None:
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise Problem("not_found", "bulk.no_such_view", field="view")
    await saved.forget(c, int(said))
