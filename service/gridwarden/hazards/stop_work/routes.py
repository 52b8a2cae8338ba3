"""`/api/hazards/{number}/critical-work`: which site a case stops, and who let it go on."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import psycopg
from fastapi import APIRouter, Path, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller, queries
from gridwarden.hazards.cases.moving import refusal_of
from gridwarden.hazards.cases.pages import story_page
from gridwarden.hazards.cases.routes import there
from gridwarden.hazards.cases.sections import section
from gridwarden.hazards.forms import FORM_BODY, body_of, form_values
from gridwarden.hazards.proof.keeping import demand_case
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
Q: Final = queries(__package__ or "gridwarden.hazards.stop_work", "stop_work.sql")
SEES: Final = ("utility", "supervisor", "planner", "warden", "inspector", "contractor")
WORKS: Final = (
    *("foundation_pit", "formwork", "lifting", "scaffold"),
    *("demolition", "tunnelling", "other"),
)
ENDED: Final = ("closed", "looked_back", "invalid")
MOST_HOURS: Final = 30 * 24
Seer = Annotated[Caller, allow(*SEES)]
SAYS: Final = ("supervisor", "inspector")
Says = Annotated[Caller, allow(*SAYS)]
Bureau = Annotated[Caller, allow("supervisor")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
CALM: Final = {"Cache-Control": "no-store"}


class CriticalWork(BaseModel):
    """The critical sub-work (危大工程) that a case is on; `site` where the case is not of one."""

    model_config = ConfigDict(extra="forbid")
    work: Literal[
        "foundation_pit", "formwork", "lifting", "scaffold", "demolition", "tunnelling", "other"
    ]
    site: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    words: Annotated[str, Field(max_length=500)] = ""


class Override(BaseModel):
    """To which stage the site may go on, why, and for how many hours that holds."""

    model_config = ConfigDict(extra="forbid")
    to_stage: Annotated[str, Field(min_length=1, max_length=200)]
    why: Annotated[str, Field(min_length=8, max_length=1000)]
    hours: Annotated[int, Field(ge=1, le=MOST_HOURS)] = 24


@router.get("/api/hazards/{number}/critical-work")
async def told(request: Request, number: Number, caller: Seer) -> JSONResponse:
    """The site that a case stops, its stage, and every override; `work` is null for none."""
    async with as_caller(request.app.state.pool, caller) as c:
        await demand_case(c, number)
        found = await of_case(c, number)
    return JSONResponse(jsonable_encoder(found), headers=CALM)


@router.put("/api/hazards/{number}/critical-work")
async def set_work(
    request: Request, number: Number, caller: Says, body: CriticalWork
) -> JSONResponse:
    """Say that a case is on a critical sub-work: its site keeps its stage until it is closed."""
    async with as_caller(request.app.state.pool, caller) as c:
        await _asked(c, "set", number, body.model_dump(mode="json"))
        found = await of_case(c, number)
    return JSONResponse(jsonable_encoder(found), headers=CALM)


@router.post("/api/hazards/{number}/stage-overrides", status_code=201)
async def override(
    request: Request, number: Number, caller: Bureau, body: Override
) -> JSONResponse:
    """Let the site go on to one stage though the case stands; by name, and in the audit."""
    async with as_caller(request.app.state.pool, caller) as c:
        await _asked(c, "override", number, body.model_dump(mode="json"))
        found = await of_case(c, number)
    return JSONResponse(jsonable_encoder(found), status_code=201, headers=CALM)


@router.post("/hazards/{number}/critical-work", response_class=Response, openapi_extra=FORM_BODY)
async def send_work(request: Request, number: Number, caller: Says) -> Response:
    """The same by the form on the case's page."""
    return await _by_form(request, number, caller, "set", CriticalWork)


@router.post("/hazards/{number}/stage-overrides", response_class=Response, openapi_extra=FORM_BODY)
async def send_override(request: Request, number: Number, caller: Bureau) -> Response:
    """An override by the form on the case's page."""
    return await _by_form(request, number, caller, "override", Override)


async def _by_form(
    request: Request, number: int, caller: Caller, name: str, model: type[BaseModel]
) -> Response:
    """Do what a form of the case's page says; a refusal is said above that page."""
    await there(request, caller, number)
    try:
        body = body_of(model, await form_values(request, tuple(model.model_fields)))
        async with as_caller(request.app.state.pool, caller) as c:
            await _asked(c, name, number, body.model_dump(mode="json"))
    except Problem as problem:
        return await story_page(request, caller, number, problem)
    return RedirectResponse(f"/hazards/{number}#stop-work", 303)


async def of_case(c: AsyncConnection[TupleRow], number: int) -> dict[str, Any]:
    """What a case stops, with its overrides, newest first."""
    async with c.cursor(row_factory=dict_row) as cursor:
        found = await (await cursor.execute(Q["of_case"], {"case": number})).fetchone()
        overrides = await (await cursor.execute(Q["overrides"], {"case": number})).fetchall()
    return {**(found or {"case_id": number, "work": None, "holds": False}), "overrides": overrides}


async def _asked(
    c: AsyncConnection[TupleRow], name: str, number: int, said: dict[str, Any]
) -> None:
    try:
        await c.execute(Q[name], {"case": number, "said": Jsonb(said)})
    except psycopg.Error as error:
        raise refusal_of(error) from error


async def _of_case(
    c: AsyncConnection[TupleRow], caller: Caller, case: Mapping[str, Any]
) -> dict[str, Any] | None:
    found = await of_case(c, case["id"])
    at_site = case["category"] == "construction" or case["layer"] == "construction_sites"
    marks = at_site and caller.role in SAYS and case["state"] not in ENDED
    if found["work"] is None and not marks:
        return None
    return {**found, "marks": marks, "works": WORKS}


section("stop_work", "hazards/stop_work.html", _of_case, order=60)
