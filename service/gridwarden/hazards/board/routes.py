"""`/api/rankings`, `/api/hazards/ledger`, the rows behind their figures, and signed days."""

import json
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.board import asked, files, ledgers, signing
from gridwarden.hazards.board.definitions import Definitions, definitions_of
from gridwarden.hazards.board.documents import board_document, ledger_between, signed_by
from gridwarden.hazards.board.rows import rows_of
from gridwarden.settings import Settings
from gridwarden.words import language_of
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
Reader = Annotated[Caller, allow("supervisor", "planner", "inspector")]
Signer = Annotated[Caller, allow("supervisor")]


def parameters(*names: str) -> dict[str, Any]:
    """What a list takes, for openapi.json."""
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
            for name in (*names, "lang")
        ]
    }


PAGING: Final = ("limit", "cursor")
ROWS: Final = ("day", "by", "key", "figure", *PAGING)


def in_force(request: Request) -> tuple[Settings, Definitions]:
    """The settings and the board's definitions. Raises Problem for a wrong file."""
    settings: Settings = request.app.state.settings
    return settings, definitions_of(settings)


@router.get("/api/rankings", openapi_extra=parameters("by", "day", "format"))
@costs("heavy")
async def rankings(request: Request, caller: Reader) -> Response:
    """The board of a day by district, organisation or family: ten indicators, score and place, with
    weights, n and the address of every figure's rows. A signed day is told as it was signed.
    """
    _, definitions = in_force(request)
    lang = language_of(request)
    given = asked.asked_for(request.query_params.multi_items(), "by", "day", "format")
    by = given.get("by", "district")
    async with as_caller(request.app.state.pool, caller) as c:
        today = await asked.today_of(c)
        day = asked.day_of(given["day"], "day", today) if "day" in given else today
        document = await board_document(c, definitions, by, day, today, lang)
    kind = given.get("format", "json")
    if kind != "json":
        return files.rankings_file(document, kind, lang)
    return JSONResponse(document)


@router.get("/api/rankings/rows", openapi_extra=parameters(*ROWS))
@costs("heavy")
async def ranking_rows(request: Request, caller: Reader) -> dict[str, Any]:
    """The cases behind one figure of the board; those that the asker does not see are counted."""
    return await rows_asked(request, caller, "/api/rankings/rows", ledger=False)


@router.get("/api/hazards/ledger/rows", openapi_extra=parameters(*ROWS, "grade"))
@costs("heavy")
async def ledger_rows(request: Request, caller: Reader) -> dict[str, Any]:
    """The cases behind one figure of a day's ledger, or entered after it (`entered_later`)."""
    return await rows_asked(request, caller, "/api/hazards/ledger/rows", ledger=True)


async def rows_asked(
    request: Request, caller: Caller, path: str, *, ledger: bool
) -> dict[str, Any]:
    """The rows behind the figure that the query names."""
    _, definitions = in_force(request)
    figures = (*asked.LEDGER, asked.LATER) if ledger else asked.BOARD_FIGURES
    async with as_caller(request.app.state.pool, caller) as c:
        today = await asked.today_of(c)
        query = asked.rows_query(request.query_params.multi_items(), figures, today)
        return await rows_of(c, definitions, query, path, ledger=ledger)


@router.get("/api/hazards/ledger", openapi_extra=parameters("from", "to", "by", "format"))
@costs("heavy")
async def ledger(request: Request, caller: Reader) -> Response:
    """Each class on each day: opening + new + reopened + late - closed = closing."""
    lang = language_of(request)
    given = asked.asked_for(request.query_params.multi_items(), "from", "to", "by", "format")
    by = given.get("by", "district")
    async with as_caller(request.app.state.pool, caller) as c:
        today = await asked.today_of(c)
        since, until = asked.days_of(given, today)
        rows = await ledger_between(c, by, since, until)
    items = ledgers.told_ledger(rows, by, lang)
    kind = given.get("format", "json")
    if kind != "json":
        return files.ledger_file(items, since, until, kind, lang)
    return JSONResponse(
        {
            "by": by,
            "from": since.isoformat(),
            "to": until.isoformat(),
            "balanced": all(map(ledgers.balances, items)),
            "items": items,
            "next": None,
        }
    )


@router.get("/api/hazards/board/{day}/signature")
@costs("heavy")
async def signature(request: Request, day: date, caller: Reader) -> dict[str, Any]:
    """Who signed a day, its hash, and where counting it now gives anything else (`differences`)."""
    _, definitions = in_force(request)
    async with as_caller(request.app.state.pool, caller) as c:
        found = await signing.signature_of(c, day)
        if found is None:
            raise Problem("not_found", "board.not_signed", field="day")
        now = json.loads(await signing.document_of(c, definitions, day))
    told_now = {**(signed_by(found) or {}), "figures": f"/api/hazards/board/{day}/figures"}
    return {**told_now, "differences": signing.differing(found["figures"], now)}


@router.get("/api/hazards/board/{day}/figures", response_class=Response)
async def figures(request: Request, day: date, caller: Reader) -> Response:
    """The signed figures, word for word: their SHA-256 is the signature's."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await signing.signature_of(c, day)
    if found is None:
        raise Problem("not_found", "board.not_signed", field="day")
    return Response(found["document"].encode(), media_type="application/json")


@router.post("/api/hazards/board/{day}/signature", status_code=201)
@costs("heavy")
async def sign(request: Request, day: date, caller: Signer) -> JSONResponse:
    """Sign a day after its cut-off, once: its figures are frozen, their hash is in the audit."""
    made = await signed_now(request, day, caller)
    where = f"/api/hazards/board/{day}/signature"
    return JSONResponse(signed_by(made), status_code=201, headers={"Location": where})


async def signed_now(request: Request, day: date, caller: Caller) -> dict[str, Any]:
    """The signature that was made. Raises what the database refuses."""
    _, definitions = in_force(request)
    async with as_caller(request.app.state.pool, caller) as c:
        asked.day_of(day.isoformat(), "day", await asked.today_of(c))
        return await signing.sign(c, definitions, day)
