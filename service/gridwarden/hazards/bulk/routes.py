"""`/api/hazards/bulk`, `/views`, `/sheets`, `/export`: many cases at once."""

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.bulk import acting, pages, saved, sheet_pages, sheets
from gridwarden.hazards.bulk.acting import (
    HANDLING,
    MOST,
    TIMEOUT_MS,
    Connection,
    Done,
    Q,
)
from gridwarden.hazards.bulk.choosing import of_filter
from gridwarden.hazards.bulk.exporting import NAME, TITLE, cases_content
from gridwarden.hazards.cases.bodies import Note, Values
from gridwarden.hazards.cases.listing import LISTING, cases_query, chosen_by, parameters
from gridwarden.intake.bodies import form_of
from gridwarden.layers.export.content import Content
from gridwarden.layers.export.routes import DESCRIBED
from gridwarden.layers.export.sending import PARAMETERS, how, names_of, sent
from gridwarden.settings import Settings
from gridwarden.words.answers import answer
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
router.include_router(pages.router)
router.include_router(sheet_pages.router)
Handler = Annotated[Caller, allow(*HANDLING)]
Lister = Annotated[Caller, allow(*LISTING)]
Batch = Annotated[str, Path(max_length=60)]
Number = Annotated[int, Path(ge=1, lt=2**63)]
NOT_KEPT: Final = {"Cache-Control": "no-store"}
SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILTERS: Final = [one for one in parameters() if one["name"] not in ("limit", "cursor")]
FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class One(BaseModel):
    """A case, and the version of it that was seen; without one, whatever it is by then."""

    model_config = ConfigDict(extra="forbid")
    id: Annotated[int, Field(strict=True, ge=1, lt=2**63)]
    version: Annotated[int, Field(strict=True, ge=0, lt=2**31)] | None = None


class Acting(BaseModel):
    """One act on many cases: those named, or all that a filter gives (as in the list's address)."""

    model_config = ConfigDict(extra="forbid")
    cases: Annotated[list[One], Field(max_length=MOST)] = []
    filter: Annotated[str, Field(max_length=2000)] | None = None
    act: Annotated[str, Field(pattern="^[a-z_]{2,40}$")]
    note: Note | None = None
    set: Values = Values()
    only_possible: bool = False
    dry_run: bool = False


class Putting(BaseModel):
    """Whether an act that some refuse is done for the others, and whether it is only tried."""

    model_config = ConfigDict(extra="forbid")
    only_possible: bool = False
    dry_run: bool = False


class Keeping(BaseModel):
    """A view to keep."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=80)]
    query: Annotated[str, Field(max_length=2000)] = ""
    columns: Annotated[list[str], Field(max_length=40)] = []
    shared: bool = False


@router.post("/api/hazards/bulk")
@costs("heavy")
async def act_on_many(request: Request, asked: Acting, caller: Handler) -> Response:
    """Do one act on many cases, as one: all, or none and 409 with each that cannot and why; with
    `only_possible` those that can. `dry_run` tells and changes nothing.
    """
    values = asked.set.told()
    said = ({"set": values} if values else {}) | ({"note": asked.note} if asked.note else {})
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        cases = [(one.id, one.version) for one in asked.cases]
        if asked.filter is not None:
            cases += await of_filter(c, caller, asked.filter, request.app.state.settings)
        rows = acting.rows_of(cases, asked.act, said)
        told = {"act": asked.act, "note": asked.note}
        done = await acting.act(
            c, caller.language, rows, told, only_possible=asked.only_possible, dry=asked.dry_run
        )
    return told_of(request, done, dry=asked.dry_run)


def told_of(request: Request, done: Done, *, dry: bool) -> Response:
    """What an act came to; 409, naming each, where some could not and nothing was done."""
    if done.batch is not None or dry:
        return JSONResponse(done.document(), headers=NOT_KEPT)
    problem = Problem(
        "conflict",
        "bulk.not_all",
        field="cases",
        n=len(done.left),
        all=len(done.left) + len(done.done),
    )
    errors = [
        {"field": one.hazard_no or str(one.case), "id": str(one.case), "reason": one.why}
        | ({"by": one.by} if one.by else {})
        for one in done.left
    ]
    return answer(request, problem, errors)


@router.get("/api/hazards/bulk")
async def acts_on_many(request: Request, caller: Handler) -> JSONResponse:
    """The caller's own acts on many cases, newest first."""
    async with (
        as_caller(request.app.state.pool, caller) as c,
        c.cursor(row_factory=dict_row) as cursor,
    ):
        found = await (await cursor.execute(Q["acts"], {"id": None})).fetchall()
    return JSONResponse(jsonable_encoder({"items": found, "next": None}), headers=NOT_KEPT)


@router.get("/api/hazards/bulk/{batch}")
async def act_on_many_was(request: Request, batch: Batch, caller: Handler) -> JSONResponse:
    """One of the caller's acts on many cases, with the cases as they are now."""
    async with (
        as_caller(request.app.state.pool, caller) as c,
        c.cursor(row_factory=dict_row) as cursor,
    ):
        found = await acting.act_of(c, batch)
        of = {"id": found["undoes"] or found["id"]}
        cases = await (await cursor.execute(Q["of_act"], of)).fetchall()
    return JSONResponse(jsonable_encoder(found | {"of": cases}), headers=NOT_KEPT)


@router.post("/api/hazards/bulk/{batch}/undo")
@costs("heavy")
async def undo(request: Request, batch: Batch, asked: Putting, caller: Handler) -> Response:
    """Put an act on many cases back, as one further act: all, or none and 409 with each that
    somebody has gone on with since.
    """
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        done = await acting.undo(
            c, caller.language, batch, only_possible=asked.only_possible, dry=asked.dry_run
        )
    return told_of(request, done, dry=asked.dry_run)


@router.get("/api/hazards/views")
async def kept_views(request: Request, caller: Lister) -> JSONResponse:
    """The views that the caller keeps, and those that others share."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await saved.views(c)
    return JSONResponse({"items": [one.document() for one in found], "next": None})


@router.post("/api/hazards/views", status_code=201)
async def keep_view(request: Request, view: Keeping, caller: Lister) -> JSONResponse:
    """Keep a view; one of the same name is replaced."""
    zone = request.app.state.settings.time_zone
    async with as_caller(request.app.state.pool, caller) as c:
        number = await saved.save(c, view.name, view.query, view.columns, view.shared, zone)
    where = f"/api/hazards/views/{number}"
    return JSONResponse({"view": where, "id": number}, status_code=201, headers={"Location": where})


@router.delete("/api/hazards/views/{view}", status_code=204)
async def forget_view(request: Request, view: Number, caller: Lister) -> Response:
    """Forget a view of one's own."""
    async with as_caller(request.app.state.pool, caller) as c:
        await saved.forget(c, view)
    return Response(status_code=204)


@router.get(
    "/api/hazards/workbook.xlsx", response_class=Response, openapi_extra={"parameters": FILTERS}
)
@costs("heavy")
async def workbook(request: Request, caller: Lister) -> Response:
    """The cases of a filter (at most 5,000) as a workbook to edit and to bring back."""
    settings: Settings = request.app.state.settings
    asked = cases_query(request.query_params.multi_items(), settings.time_zone)
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        chosen, values = await chosen_by(c, caller, asked)
        told = f"{caller.person}, {datetime.now(ZoneInfo(settings.time_zone)):%Y-%m-%d %H:%M}"
        body = await sheets.workbook(c, caller, chosen, values, settings.time_zone, told)
    today = datetime.now(ZoneInfo(settings.time_zone)).date().isoformat()
    title = TITLE.zh if caller.language == "zh" else TITLE.en
    named = quote(f"{title}_{today}.xlsx", safe="")
    shown = f"attachment; filename=\"hazards_{today}.xlsx\"; filename*=UTF-8''{named}"
    headers = NOT_KEPT | {"Content-Disposition": shown, "X-Content-Type-Options": "nosniff"}
    return Response(body, headers=headers, media_type=SHEET)


@router.post("/api/hazards/sheets", status_code=201, openapi_extra=FILE)
@costs("heavy")
async def bring_sheet(request: Request, caller: Handler) -> JSONResponse:
    """Bring an edited workbook back: what each row would do, and nothing is done yet."""
    settings: Settings = request.app.state.settings
    _, came = await form_of(request, sheet_pages.MAX_SHEET)
    if came is None:
        raise Problem("missing_value", field="file")
    rows = await sheets.read(came, settings)
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        number = await sheets.bring(c, caller, came, rows, settings)
        found = await sheets.sheet(c, number, caller.language)
    where = f"/api/hazards/sheets/{number}"
    return JSONResponse(_sheet(found), status_code=201, headers=NOT_KEPT | {"Location": where})


@router.get("/api/hazards/sheets/{sheet}")
async def sheet_was(request: Request, sheet: Number, caller: Handler) -> JSONResponse:
    """What a workbook would do or did, row by row."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await sheets.sheet(c, sheet, caller.language)
    return JSONResponse(_sheet(found), headers=NOT_KEPT)


@router.post("/api/hazards/sheets/{sheet}/apply")
@costs("heavy")
async def apply_sheet(request: Request, sheet: Number, asked: Putting, caller: Handler) -> Response:
    """Do what the changed rows of a workbook ask for, as one act on many cases."""
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        done = await sheets.apply(c, caller.language, sheet, only_possible=asked.only_possible)
    return told_of(request, done, dry=False)


def _sheet(found: dict[str, Any]) -> dict[str, Any]:
    shown = {k: v for k, v in found.items() if k not in ("rows", "language")}
    told: dict[str, Any] = jsonable_encoder(shown)
    return told


@router.get(
    "/api/hazards/export",
    response_class=Response,
    openapi_extra={"parameters": [*DESCRIBED, *FILTERS]},
)
@costs("heavy")
async def export(request: Request, caller: Lister) -> Response:
    """Cases as CSV, GeoPackage or another file, filtered as the list is, with what the caller may
    read; a place that they may not read is the middle of its 500 m cell.
    """
    settings: Settings = request.app.state.settings
    items = request.query_params.multi_items()
    given = {name: value for name, value in items if name in PARAMETERS and name != "at"}
    asked = cases_query([(n, v) for n, v in items if n not in given], settings.time_zone)

    async def prepare(c: Connection) -> Content:
        chosen, values = await chosen_by(c, caller, asked)
        return cases_content(caller, chosen, values, settings.crs)

    return await sent(request, caller, how(given, settings), names_of(NAME, TITLE), prepare)
