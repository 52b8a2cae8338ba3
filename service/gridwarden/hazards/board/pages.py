"""`/hazards/board`: the board, its ledger and the rows behind each figure, as pages to print."""

from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.board import asked, ledgers
from gridwarden.hazards.board.boards import family_words
from gridwarden.hazards.board.definitions import definitions_of
from gridwarden.hazards.board.documents import board_document, ledger_between
from gridwarden.hazards.board.entering_routes import programmes_document
from gridwarden.hazards.board.routes import Reader, Signer, rows_asked, signed_now
from gridwarden.hazards.board.telling import RECORDS, ROWS, VISITS
from gridwarden.words import language_of
from gridwarden.words.page import page

router = APIRouter(tags=["hazards"])
PAGE_OF: Final = {
    ROWS: "/hazards/board/rows",
    ledgers.ROWS: "/hazards/board/ledger-rows",
    RECORDS: "/hazards/programmes/records",
    VISITS: "/hazards/spot-checks",
}
"""The page that shows what an address of the API tells."""


def page_of(address: str | None) -> str | None:
    """The page of rows whose address this is."""
    if address is None:
        return None
    path, _, query = address.partition("?")
    return f"{PAGE_OF[path]}?{query}"


@router.get("/hazards/board", response_class=HTMLResponse)
@costs("heavy")
async def board_page(request: Request, caller: Reader) -> HTMLResponse:
    """The board of a day, the ledger of that day, weights, and who signed it."""
    lang = language_of(request)
    definitions = definitions_of(request.app.state.settings)
    given = asked.asked_for(request.query_params.multi_items(), "by", "day")
    by = given.get("by", "district")
    async with as_caller(request.app.state.pool, caller) as c:
        today = await asked.today_of(c)
        day = asked.day_of(given["day"], "day", today) if "day" in given else today
        document = await board_document(c, definitions, by, day, today, lang)
        rows = await ledger_between(c, by, day, day)
    lines = ledgers.told_ledger(ledgers.summed(rows, by), by, lang)
    if by != "district":  # what was only ever suspected has no line
        lines = [one for one in lines if any(one[name] for name in asked.LEDGER)]
    return page(
        request,
        "hazards/board.html",
        caller=caller,
        board=document,
        groupings=asked.BY,
        today_reported=today,
        day=day,
        cut_off=datetime.fromisoformat(document["cut_off"]),
        may_sign=caller.role == "supervisor" and caller.all_districts,
        signed_at=_moment(document["signature"]),
        lines=lines,
        total={name: sum(one[name] for one in lines) for name in asked.LEDGER},
        balanced=all(map(ledgers.balances, lines)),
        columns=asked.LEDGER,
        page_of=page_of,
        files={
            kind: f"/api/rankings?{urlencode({'by': by, 'day': day, 'format': kind})}"
            for kind in ("csv", "xlsx")
        },
    )


def _moment(signature: dict[str, Any] | None) -> datetime | None:
    return datetime.fromisoformat(signature["signed_at"]) if signature else None


@router.post("/hazards/board/{day}/signature", response_class=HTMLResponse)
@costs("heavy")
async def sign_by_page(request: Request, day: date, caller: Signer) -> RedirectResponse:
    """Sign a day and see it signed."""
    await signed_now(request, day, caller)
    return RedirectResponse(f"/hazards/board?{urlencode({'day': day})}", 303)


@router.get("/hazards/board/rows", response_class=HTMLResponse)
@costs("heavy")
async def rows_page(request: Request, caller: Reader) -> HTMLResponse:
    """The cases behind a figure of the board."""
    found = await rows_asked(request, caller, "/hazards/board/rows", ledger=False)
    return _rows_shown(request, caller, found)


@router.get("/hazards/board/ledger-rows", response_class=HTMLResponse)
@costs("heavy")
async def ledger_rows_page(request: Request, caller: Reader) -> HTMLResponse:
    """The cases behind a figure of a day's ledger."""
    found = await rows_asked(request, caller, "/hazards/board/ledger-rows", ledger=True)
    return _rows_shown(request, caller, found)


def _rows_shown(request: Request, caller: Caller, found: dict[str, Any]) -> HTMLResponse:
    lang = language_of(request)
    for one in found["items"]:
        one["family_name"] = family_words(one["family"], lang)
        one["due"] = datetime.fromisoformat(one["due_at"]) if one["due_at"] else None
    return page(
        request,
        "hazards/board_rows.html",
        caller=caller,
        found=found,
        family=family_words(found["key"], lang) if found["by"] == "family" and found["key"] else "",
        day=date.fromisoformat(found["day"]),
        back=f"/hazards/board?{urlencode({'by': found['by'], 'day': found['day']})}",
    )


@router.get("/hazards/programmes", response_class=HTMLResponse)
async def programmes_page(request: Request, caller: Reader) -> HTMLResponse:
    """What was reported of each programme, each figure with its records."""
    lang = language_of(request)
    definitions = definitions_of(request.app.state.settings)
    given = asked.asked_for(request.query_params.multi_items(), "day")
    async with as_caller(request.app.state.pool, caller) as c:
        document = await programmes_document(c, definitions, given.get("day"), lang)
    return page(
        request,
        "hazards/programmes.html",
        caller=caller,
        document=document,
        day=date.fromisoformat(document["day"]),
        page_of=page_of,
    )
