"""`/api/hazards`: the list of cases, one case, a person's report, changes and moves."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import JSONResponse, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.cases.bodies import Report, Transition, Values
from gridwarden.hazards.cases.listing import LISTING, list_cases
from gridwarden.hazards.cases.loading import case_document, load_case, story
from gridwarden.hazards.cases.moving import judged_again, move, report
from gridwarden.hazards.cases.parameters import cases_query, parameters
from gridwarden.layers.features.etags import is_known, tag_of, versions_in
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
MOVERS: Final = tuple(role for role in LISTING if role != "planner")
"""Roles that do something to cases, each what the life cycle allows it."""
Reader = Annotated[Caller, allow(*LISTING)]
Mover = Annotated[Caller, allow(*MOVERS)]
Number = Annotated[int, Path(ge=1, lt=2**63, description="a case's id")]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that you read")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]
NOT_KEPT: Final = {"Cache-Control": "private, no-cache"}


@router.get("/api/hazards", openapi_extra={"parameters": parameters()})
async def hazards(request: Request, caller: Reader) -> JSONResponse:
    """A page of cases, as much of each as the caller may see; `next` leads on."""
    settings = request.app.state.settings
    asked = cases_query(request.query_params.multi_items(), settings.time_zone)
    async with as_caller(request.app.state.pool, caller) as c:
        found = await list_cases(c, caller, asked, settings.crs)
    answer = {
        "items": [case_document(one) for one in found.items],
        "next": asked.following(found.after) if found.after else None,
    }
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


@router.post("/api/hazards", status_code=201)
async def enter(request: Request, told: Report, caller: Mover) -> JSONResponse:
    """Enter what a person found; a case that is there gets one more piece of evidence (200)."""
    settings = request.app.state.settings
    sent = told.told(settings.crs)
    async with as_caller(request.app.state.pool, caller) as c:
        made = await report(c, sent)
        case = await load_case(c, made["id"], settings.crs)
    headers = {**_headers(case), "Location": f"/api/hazards/{made['id']}"}
    status = 200 if made["joined"] else 201
    return JSONResponse(case_document(case), status, headers=headers)


@router.get("/api/hazards/{number}")
async def hazard(
    request: Request, number: Number, caller: Reader, if_none_match: IfNoneMatch = None
) -> Response:
    """One case: what happened to it, on what it stands, and what the caller may do now."""
    settings = request.app.state.settings
    async with as_caller(request.app.state.pool, caller) as c:
        found = await story(c, number, settings.crs)
    headers = _headers(found.case)
    if is_known(if_none_match, found.case["version"]):
        return Response(status_code=304, headers=headers)
    return JSONResponse(found.document(), headers=headers)


@router.patch("/api/hazards/{number}")
async def correct(
    request: Request, number: Number, told: Values, caller: Mover, if_match: IfMatch = None
) -> JSONResponse:
    """Correct the record; the state stays. What it was before is kept in the case's acts."""
    return await _moved(request, caller, number, "edit", {"set": told.told()}, if_match)


@router.post("/api/hazards/{number}/transitions")
async def transition(
    request: Request, number: Number, told: Transition, caller: Mover, if_match: IfMatch = None
) -> JSONResponse:
    """Move a case by an act of the life cycle (docs/hazards.md).

    What is not legal in its state is refused (409) with what is. Closing has the rule judge its
    subject again first.
    """
    return await _moved(request, caller, number, told.act, told.said(), if_match)


async def _moved(
    request: Request,
    caller: Caller,
    number: int,
    act: str,
    said: Mapping[str, Any],
    if_match: str | None,
) -> JSONResponse:
    if if_match is None:
        await there(request, caller, number)
        raise Problem("precondition_required", field="If-Match")
    case = await move_case(request, caller, number, act, said, versions_in(if_match))
    return JSONResponse(case_document(case), headers=_headers(case))


async def there(request: Request, caller: Caller, number: int) -> None:
    """Raises Problem `not_found` for a case that the caller does not see, before all else."""
    state = request.app.state
    async with as_caller(state.pool, caller) as c:
        await load_case(c, number, state.settings.crs)


async def move_case(
    request: Request,
    caller: Caller,
    number: int,
    act: str,
    said: Mapping[str, Any],
    expected: list[int] | None,
) -> dict[str, Any]:
    """Move a case and read it again; of one that its mover sees no more what the move told."""
    state = request.app.state
    if act == "close":
        await judged_again(state.pool, caller, number, state.settings.closing_wait_s)
    async with as_caller(state.pool, caller) as c:
        done = await move(c, number, act, expected=expected, said=said)
        return await _after(c, done, state.settings.crs)


async def _after(c: AsyncConnection[TupleRow], done: dict[str, Any], srid: int) -> dict[str, Any]:
    try:
        return await load_case(c, done["id"], srid)
    except Problem:
        return {**done, "veiled": False, "lon": None, "lat": None}


def _headers(case: Mapping[str, Any]) -> dict[str, str]:
    return {**NOT_KEPT, "ETag": tag_of(case["version"])}
