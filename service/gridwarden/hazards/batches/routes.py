"""`/api/batches` and `/batches`: 四个一批, what is in them, what they come to."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.batches import keeping
from gridwarden.hazards.cases.sections import section
from gridwarden.hazards.clock import demand_day
from gridwarden.hazards.forms import FORM_BODY, body_of, form_values
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
SEES: Final = ("utility", "supervisor", "planner", "warden", "inspector", "contractor")
Seer = Annotated[Caller, allow(*SEES)]
Bureau = Annotated[Caller, allow("supervisor")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Id = Annotated[int, Field(ge=1, lt=2**63)]
CALM: Final = {"Cache-Control": "no-store"}


class NewBatch(BaseModel):
    """A batch of one kind."""

    model_config = ConfigDict(extra="forbid")
    kind: Annotated[str, Field(max_length=60)]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    day: date | None = None
    note: Annotated[str, Field(max_length=1000)] = ""


class Entry(BaseModel):
    """A case, or a unit without one, and what its kind of batch needs."""

    model_config = ConfigDict(extra="forbid")
    case_id: Id | None = None
    unit: Annotated[str, Field(max_length=160)] | None = None
    district_id: Id | None = None
    document_no: Annotated[str, Field(max_length=80)] | None = None
    amount_cny: Annotated[Decimal, Field(ge=0, max_digits=13, decimal_places=2)] | None = None
    channel: Annotated[str, Field(max_length=160)] | None = None
    note: Annotated[str, Field(max_length=1000)] = ""
    day: date | None = None


class Filling(BaseModel):
    """What goes into a batch together."""

    model_config = ConfigDict(extra="forbid")
    items: Annotated[list[Entry], Field(min_length=1, max_length=1000)]


class Taking(BaseModel):
    """Why an entry is taken out."""

    model_config = ConfigDict(extra="forbid")
    why: Annotated[str, Field(min_length=4, max_length=500)]


@router.get("/api/batches")
async def listed(
    request: Request, caller: Seer, kind: Annotated[str | None, Query(max_length=60)] = None
) -> JSONResponse:
    """The kinds with their totals, and the batches, newest first."""
    async with as_caller(request.app.state.pool, caller) as c:
        kinds = await keeping.kinds(c)
        if kind is not None and kind not in [one["code"] for one in kinds]:
            raise Problem("invalid_value", "batches.bad_kind", field="kind")
        found = await keeping.batches(c, kind)
    document = {"kinds": kinds, "items": found, "next": None}
    return JSONResponse(jsonable_encoder(document), headers=CALM)


@router.post("/api/batches", status_code=201)
async def make(request: Request, caller: Bureau, body: NewBatch) -> JSONResponse:
    """Make a batch of one kind."""
    demand_day(body.day, request.app.state.settings, "day")
    async with as_caller(request.app.state.pool, caller) as c:
        number = await keeping.make(c, body.model_dump(mode="json"))
        made = await keeping.one_batch(c, number)
    headers = {**CALM, "Location": f"/api/batches/{number}"}
    return JSONResponse(jsonable_encoder(made), status_code=201, headers=headers)


@router.get("/api/batches/{batch}")
async def one(request: Request, batch: Number, caller: Seer) -> JSONResponse:
    """One batch with its entries; those that were taken out say when, by whom and why."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await keeping.one_batch(c, batch)
    return JSONResponse(jsonable_encoder(found), headers=CALM)


@router.post("/api/batches/{batch}/entries")
async def fill(request: Request, batch: Number, caller: Bureau, body: Filling) -> JSONResponse:
    """Put cases and units in, all or none; what is in it already stays as it is."""
    for n, one in enumerate(body.items):
        demand_day(one.day, request.app.state.settings, f"items.{n}.day")
    items = [one.model_dump(mode="json") for one in body.items]
    async with as_caller(request.app.state.pool, caller) as c:
        new = await keeping.fill(c, batch, items)
        found = await keeping.one_batch(c, batch)
    return JSONResponse(jsonable_encoder({"new": new, "batch": found}), headers=CALM)


@router.delete("/api/batches/{batch}/entries/{entry}", status_code=204)
async def take(
    request: Request, batch: Number, entry: Number, caller: Bureau, body: Taking
) -> Response:
    """Take an entry out; it stays to be seen."""
    async with as_caller(request.app.state.pool, caller) as c:
        await keeping.take(c, batch, entry, body.why)
    return Response(status_code=204)


@router.get("/batches", response_class=HTMLResponse)
async def batches_page(request: Request, caller: Seer) -> HTMLResponse:
    """The kinds with their totals, the batches, and the form for a new one."""
    return await _page(request, caller)


@router.post("/batches", response_class=Response, openapi_extra=FORM_BODY)
async def send_batch(request: Request, caller: Bureau) -> Response:
    """Make a batch by the form; then its own page."""
    try:
        values = await form_values(request, ("kind", "name", "day", "note"))
        body = body_of(NewBatch, values)
        demand_day(body.day, request.app.state.settings, "day")
        async with as_caller(request.app.state.pool, caller) as c:
            number = await keeping.make(c, body.model_dump(mode="json"))
    except Problem as problem:
        return await _page(request, caller, problem)
    return RedirectResponse(f"/batches/{number}", 303)


@router.get("/batches/{batch}", response_class=HTMLResponse)
async def batch_page(request: Request, batch: Number, caller: Seer) -> HTMLResponse:
    """One batch: its entries, its sum, and the form for one more."""
    return await _batch_page(request, batch, caller)


@router.post("/batches/{batch}/entries", response_class=Response, openapi_extra=FORM_BODY)
async def send_entry(request: Request, batch: Number, caller: Bureau) -> Response:
    """Put one case or unit in by the form. A case is named by its number in the ledger, too."""
    known = ("case", "unit", "document_no", "amount_cny", "channel", "note", "day")
    try:
        values = await form_values(request, known)
        case = values.pop("case", "")
        if case:
            values["case_id"] = await _case_called(request, caller, case)
        entry = body_of(Entry, values)
        demand_day(entry.day, request.app.state.settings, "day")
        async with as_caller(request.app.state.pool, caller) as c:
            await keeping.fill(c, batch, [entry.model_dump(mode="json")])
    except Problem as problem:
        return await _batch_page(request, batch, caller, problem)
    return RedirectResponse(f"/batches/{batch}", 303)


@router.post(
    "/batches/{batch}/entries/{entry}/take", response_class=Response, openapi_extra=FORM_BODY
)
async def send_taking(request: Request, batch: Number, entry: Number, caller: Bureau) -> Response:
    """Take an entry out by the form in its row; it stays to be seen, with the reason."""
    async with as_caller(request.app.state.pool, caller) as c:
        there = await keeping.rows(c, "entries", batch=batch)
    if entry not in (one["id"] for one in there):
        raise Problem("not_found", "batches.no_item")
    try:
        body = body_of(Taking, await form_values(request, ("why",)))
        async with as_caller(request.app.state.pool, caller) as c:
            await keeping.take(c, batch, entry, body.why)
    except Problem as problem:
        return await _batch_page(request, batch, caller, problem)
    return RedirectResponse(f"/batches/{batch}", 303)


async def _case_called(request: Request, caller: Caller, text: str) -> str:
    """The id of a case by its number in the ledger, or its id. Raises Problem `not_found`."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await keeping.rows(c, "case_called", text=text[:40])
    if not found:
        raise Problem("not_found", "batches.no_case", field="case")
    return str(found[0]["id"])


async def _page(request: Request, caller: Caller, problem: Problem | None = None) -> HTMLResponse:
    async with as_caller(request.app.state.pool, caller) as c:
        kinds = await keeping.kinds(c)
        found = await keeping.batches(c)
    return page(
        request,
        "hazards/batches.html",
        caller=caller,
        refusal=problem,
        kinds=kinds,
        names={one["code"]: one[caller.language] for one in kinds},
        items=found,
    )


async def _batch_page(
    request: Request, batch: int, caller: Caller, problem: Problem | None = None
) -> HTMLResponse:
    async with as_caller(request.app.state.pool, caller) as c:
        found = await keeping.one_batch(c, batch)
        kinds = await keeping.kinds(c)
    kind = next(one for one in kinds if one["code"] == found["kind"])
    return page(
        request,
        "hazards/batch.html",
        caller=caller,
        refusal=problem,
        one=found,
        kind=kind,
    )


async def _of_case(
    c: AsyncConnection[TupleRow], caller: Caller, case: Mapping[str, Any]
) -> list[dict[str, Any]] | None:
    return await keeping.rows(c, "of_case", case=case["id"]) or None


section("batches", "hazards/batches_of_case.html", _of_case, order=55)
