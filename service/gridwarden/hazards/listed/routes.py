"""`/api/listings` and `/listings`: 挂牌督办, its steps, what is late, and the delisting."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.cases.pages import story_page
from gridwarden.hazards.cases.routes import there
from gridwarden.hazards.cases.sections import section
from gridwarden.hazards.clock import demand_day
from gridwarden.hazards.forms import FORM_BODY, body_of, form_values, whole_in
from gridwarden.hazards.listed import listings
from gridwarden.layers.features.etags import tag_of, versions_in
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
SEES: Final = ("utility", "supervisor", "planner", "warden", "inspector", "contractor")
STEPS_BY: Final = ("utility", "supervisor", "warden", "inspector", "contractor")
Seer = Annotated[Caller, allow(*SEES)]
Stepper = Annotated[Caller, allow(*STEPS_BY)]
Bureau = Annotated[Caller, allow("supervisor")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]
UNLISTED: Final = ("found", "closed", "looked_back", "invalid")
"""States in which a case is not put under listed supervision."""
CALM: Final = {"Cache-Control": "no-store"}


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")
    happened_on: date | None = None
    """The day it happened, where it is entered later (补录)."""


class NewListing(_Said):
    """A case to put under listed supervision."""

    case: Annotated[int, Field(ge=1, lt=2**63)]
    list_no: Annotated[str, Field(min_length=1, max_length=60)]
    level: Literal["county", "city", "province", "state"]
    supervisor: Annotated[str, Field(min_length=1, max_length=80)]
    why: Annotated[str, Field(min_length=1, max_length=1000)]
    deadline: date
    progress_days: Annotated[int, Field(strict=True, ge=1, le=400)] | None = None


class Step(_Said):
    """One step: a report of progress, the decision, the next higher government, the delisting."""

    step: Literal["progress", "decision", "escalated", "applied", "check_failed", "delisted"]
    words: Words
    decision: Literal["stop", "stop_in_part", "no_stop"] | None = None


@router.get("/api/listings")
async def listed(
    request: Request,
    caller: Seer,
    state: Annotated[Literal["open", "delisted"] | None, Query()] = None,
    case: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> JSONResponse:
    """Listings of the cases that the caller sees, those that stand first, by their deadline."""
    still = None if state is None else state == "open"
    async with as_caller(request.app.state.pool, caller) as c:
        found = await listings.listings(c, still=still, case=case)
    return JSONResponse(jsonable_encoder({"items": found, "next": None}), headers=CALM)


@router.post("/api/listings", status_code=201)
async def list_case(request: Request, caller: Bureau, body: NewListing) -> JSONResponse:
    """Put a case under listed supervision; the decision is due by the office's table."""
    demand_day(body.deadline, request.app.state.settings, "deadline")
    said = body.model_dump(mode="json", exclude={"case"})
    async with as_caller(request.app.state.pool, caller) as c:
        number = await listings.list_case(c, body.case, said)
        made = await listings.listing(c, number)
    headers = {**CALM, "Location": f"/api/listings/{number}", "ETag": tag_of(made["version"])}
    return JSONResponse(jsonable_encoder(made), status_code=201, headers=headers)


@router.get("/api/listings/{listing}")
async def one(request: Request, listing: Number, caller: Seer) -> JSONResponse:
    """One listing with all its steps."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await listings.listing(c, listing)
    headers = {**CALM, "ETag": tag_of(found["version"])}
    return JSONResponse(jsonable_encoder(found), headers=headers)


@router.post("/api/listings/{listing}/steps")
async def step(
    request: Request,
    listing: Number,
    caller: Stepper,
    body: Step,
    if_match: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """One step of a listing (If-Match); the listing as it then is."""
    said = body.model_dump(mode="json", exclude={"step"})
    async with as_caller(request.app.state.pool, caller) as c:
        await listings.listing(c, listing)
        if if_match is None:
            raise Problem("precondition_required", field="If-Match")
        await listings.step(c, listing, versions_in(if_match), body.step, said)
        found = await listings.listing(c, listing)
    headers = {**CALM, "ETag": tag_of(found["version"])}
    return JSONResponse(jsonable_encoder(found), headers=headers)


@router.get("/listings", response_class=HTMLResponse)
async def listings_page(
    request: Request,
    caller: Seer,
    state: Annotated[Literal["open", "delisted"] | None, Query()] = None,
) -> HTMLResponse:
    """All listings, what is late of each first."""
    still = None if state is None else state == "open"
    async with as_caller(request.app.state.pool, caller) as c:
        found = await listings.listings(c, still=still)
    counts = {late: sum(1 for row in found if row[late]) for late in listings.LATE}
    return page(
        request, "hazards/listings.html", caller=caller, items=found, state=state, counts=counts
    )


@router.get("/listings/{listing}", response_class=HTMLResponse)
async def listing_page(request: Request, listing: Number, caller: Seer) -> HTMLResponse:
    """One listing: what is due, what was done, and the form for the next step."""
    return await _page(request, listing, caller)


@router.post("/listings/{listing}/steps", response_class=Response, openapi_extra=FORM_BODY)
async def send_step(request: Request, listing: Number, caller: Stepper) -> Response:
    """The same step by the form on its page."""
    async with as_caller(request.app.state.pool, caller) as c:
        await listings.listing(c, listing)
    try:
        values = await form_values(request, ("step", "words", "decision", "happened_on", "version"))
        said = {k: v for k, v in values.items() if k in ("words", "decision", "happened_on") and v}
        version = whole_in(values, "version")
        async with as_caller(request.app.state.pool, caller) as c:
            await listings.step(c, listing, [version], values.get("step", ""), said)
    except Problem as problem:
        return await _page(request, listing, caller, problem)
    return RedirectResponse(f"/listings/{listing}", 303)


@router.post("/listings", response_class=Response, openapi_extra=FORM_BODY)
async def send_case(request: Request, caller: Bureau) -> Response:
    """Put the case of its own page under listed supervision; then the listing's page."""
    values = await form_values(
        request, ("case", "list_no", "level", "supervisor", "why", "deadline", "happened_on")
    )
    case = whole_in(values, "case")
    await there(request, caller, case)
    try:
        body = body_of(NewListing, values)
        demand_day(body.deadline, request.app.state.settings, "deadline")
        said = body.model_dump(mode="json", exclude={"case"})
        async with as_caller(request.app.state.pool, caller) as c:
            number = await listings.list_case(c, case, said)
    except Problem as problem:
        return await story_page(request, caller, case, problem)
    return RedirectResponse(f"/listings/{number}", 303)


async def _page(
    request: Request, listing: int, caller: Caller, problem: Problem | None = None
) -> HTMLResponse:
    async with as_caller(request.app.state.pool, caller) as c:
        found = await listings.listing(c, listing)
    return page(
        request,
        "hazards/listing.html",
        caller=caller,
        refusal=problem,
        one=found,
        steps=_offered(caller.role, found),
        decisions=listings.DECISIONS,
    )


def _offered(role: str, found: dict[str, Any]) -> list[str]:
    """The steps that this role may take now; the database holds it, whatever is offered."""
    if found["delisted_day"] is not None or role == "planner":
        return []
    steps = ["progress"]
    if role in ("supervisor", "utility", "contractor", "warden") and not found["applied_day"]:
        steps.append("applied")
    if role == "supervisor":
        steps += [] if found["decision"] else ["decision"]
        steps += [] if found["level"] == "state" else ["escalated"]
    if role in ("supervisor", "inspector") and found["applied_day"]:
        steps += ["delisted", "check_failed"]
    return steps


async def _of_case(
    c: AsyncConnection[TupleRow], caller: Caller, case: Mapping[str, Any]
) -> dict[str, Any] | None:
    found = await listings.listings(c, case=case["id"])
    stands = any(one["delisted_day"] is None for one in found)
    lists = caller.role == "supervisor" and not stands and case["state"] not in UNLISTED
    return {"items": found, "lists": lists, "levels": listings.LEVELS} if found or lists else None


section("listed", "hazards/listing_of_case.html", _of_case, order=50)
