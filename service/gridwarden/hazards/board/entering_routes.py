"""`/api/hazards/programmes` and `/api/hazards/spot-checks`: figures, records, entering both."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.board import asked, entering, programmes, signing
from gridwarden.hazards.board.asked import Connection
from gridwarden.hazards.board.definitions import Definitions, definitions_of
from gridwarden.hazards.board.documents import signed_by
from gridwarden.hazards.board.routes import PAGING, Reader, parameters
from gridwarden.words import language_of

router = APIRouter(tags=["hazards"])
Enterer = Annotated[Caller, allow("supervisor", "inspector")]
RECORDS = ("day", "programme", "measure", "district", "org", "corrected", *PAGING)


@router.get("/api/hazards/programmes", openapi_extra=parameters("day"))
async def programme_figures(request: Request, caller: Reader) -> dict[str, Any]:
    """What was reported of each programme by the end of a day, each figure with its records."""
    definitions = definitions_of(request.app.state.settings)
    given = asked.asked_for(request.query_params.multi_items(), "day")
    async with as_caller(request.app.state.pool, caller) as c:
        return await programmes_document(c, definitions, given.get("day"), language_of(request))


async def programmes_document(
    c: Connection, definitions: Definitions, text: str | None, lang: str
) -> dict[str, Any]:
    """The whole answer of `/api/hazards/programmes`: frozen figures where the day is signed."""
    today = await asked.today_of(c)
    day = asked.day_of(text, "day", today) if text else today
    signature = await signing.signature_of(c, day) if day < today else None
    if signature:
        found = signature["figures"]["programmes"]
    else:
        found = await programmes.figures_of(c, definitions, day)
    return {
        "day": day.isoformat(),
        "complete": day < today,
        "signature": signed_by(signature),
        "items": programmes.told_programmes(found, day.isoformat(), lang),
        "next": None,
    }


@router.get("/api/hazards/programmes/records", openapi_extra=parameters(*RECORDS))
async def programme_records(request: Request, caller: Reader) -> dict[str, Any]:
    """The records behind a programme's figure, as they counted by the end of a day."""
    definitions = definitions_of(request.app.state.settings)
    async with as_caller(request.app.state.pool, caller) as c:
        today = await asked.today_of(c)
        return await entering.records_of(c, definitions, request.query_params.multi_items(), today)


@router.post("/api/hazards/programmes/records", status_code=201)
async def enter_records(
    request: Request, records: entering.Records, caller: Enterer
) -> JSONResponse:
    """Enter reported figures: all of them or none. They count from today on; one that `corrects`
    an earlier one counts in its place.
    """
    entering.check_records(definitions_of(request.app.state.settings), records.items)
    async with as_caller(request.app.state.pool, caller) as c:
        made = await entering.add_records(c, records.items)
    return JSONResponse({"ids": made}, status_code=201)


@router.get(
    "/api/hazards/spot-checks",
    openapi_extra=parameters("day", "district", "org", "family", "outcome", *PAGING),
)
async def spot_checks(request: Request, caller: Reader) -> dict[str, Any]:
    """Unannounced visits of the asker's districts, with what the ledger said."""
    async with as_caller(request.app.state.pool, caller) as c:
        today = await asked.today_of(c)
        return await entering.visits_of(c, request.query_params.multi_items(), today)


@router.post("/api/hazards/spot-checks", status_code=201)
async def enter_spot_checks(
    request: Request, visits: entering.Visits, caller: Enterer
) -> JSONResponse:
    """Enter unannounced visits: each is held against the ledger and told to agree, to be missed in
    it, or to be false in it.
    """
    async with as_caller(request.app.state.pool, caller) as c:
        made = await entering.add_visits(c, visits.items)
    return JSONResponse({"items": made}, status_code=201)
