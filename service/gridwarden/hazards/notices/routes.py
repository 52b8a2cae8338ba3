"""`/api/notices` and `/notices`: what one was told, and where one's letters go."""

from typing import Annotated, Any, Final

import psycopg
from fastapi import APIRouter, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.cases.moving import refusal_of
from gridwarden.hazards.forms import FORM_BODY, form_values, whole_in
from gridwarden.hazards.notices.posting import ADDRESS
from gridwarden.hazards.notices.rules import Q
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
TOLD: Final = ("utility", "supervisor", "planner", "warden", "inspector", "contractor")
Reader = Annotated[Caller, allow(*TOLD)]
PAGE: Final = 50
CALM: Final = {"Cache-Control": "no-store"}


class Mail(BaseModel):
    """Where one's letters go; null: nowhere."""

    model_config = ConfigDict(extra="forbid")
    address: Annotated[str, Field(max_length=254, pattern=ADDRESS)] | None


class Seen(BaseModel):
    """The newest notice that was read; all before it were, too."""

    model_config = ConfigDict(extra="forbid")
    upto: Annotated[int, Field(ge=1, lt=2**63)]


@router.get("/api/notices")
async def notices(
    request: Request,
    caller: Reader,
    unseen: Annotated[bool, Query()] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> JSONResponse:
    """What the caller was told, newest first, and what became of each letter."""
    async with as_caller(request.app.state.pool, caller) as c:
        rows = await _mine(c, limit + 1, cursor, unseen=unseen)
        count = await (await c.execute(Q["unseen"])).fetchone()
    following = None
    if len(rows) > limit:
        following = f"/api/notices?limit={limit}&cursor={rows[limit - 1]['id']}"
        following += "&unseen=true" if unseen else ""
    document = {
        "items": rows[:limit],
        "next": following,
        "unseen": count[0] if count else 0,
    }
    return JSONResponse(jsonable_encoder(document), headers=CALM)


@router.post("/api/notices/seen")
async def seen(request: Request, caller: Reader, body: Seen) -> dict[str, int]:
    """Mark notices as read, up to one; how many were not yet."""
    async with as_caller(request.app.state.pool, caller) as c:
        row = await (await c.execute(Q["seen"], {"upto": body.upto})).fetchone()
    return {"seen": row[0] if row else 0}


@router.get("/api/notices/address")
async def address(request: Request, caller: Reader) -> JSONResponse:
    """Where the caller's letters go."""
    async with as_caller(request.app.state.pool, caller) as c:
        row = await (await c.execute(Q["address"])).fetchone()
    return JSONResponse({"address": row[0] if row else None}, headers=CALM)


@router.put("/api/notices/address")
async def set_address(request: Request, caller: Reader, body: Mail) -> JSONResponse:
    """Say where one's letters go. A key without an account has none: 409."""
    async with as_caller(request.app.state.pool, caller) as c:
        kept = await _set(c, body.address)
    return JSONResponse({"address": kept}, headers=CALM)


@router.get("/notices", response_class=HTMLResponse)
async def notices_page(request: Request, caller: Reader) -> HTMLResponse:
    """The newest notices, and the form for one's address."""
    return await _page(request, caller)


@router.post("/notices/address", response_class=Response, openapi_extra=FORM_BODY)
async def send_address(request: Request, caller: Reader) -> Response:
    """The address by the form; empty: no letters."""
    try:
        values = await form_values(request, ("address",))
        try:
            body = Mail(address=values.get("address") or None)
        except ValueError:
            raise Problem("invalid_value", "notices.bad_address", field="address") from None
        async with as_caller(request.app.state.pool, caller) as c:
            await _set(c, body.address)
    except Problem as problem:
        return await _page(request, caller, problem)
    return RedirectResponse("/notices", 303)


@router.post("/notices/seen", response_class=Response, openapi_extra=FORM_BODY)
async def send_seen(request: Request, caller: Reader) -> Response:
    """Mark what the page showed as read."""
    upto = whole_in(await form_values(request, ("upto",)), "upto")
    async with as_caller(request.app.state.pool, caller) as c:
        await c.execute(Q["seen"], {"upto": upto})
    return RedirectResponse("/notices", 303)


async def _mine(
    c: AsyncConnection[TupleRow], limit: int, before: int | None, *, unseen: bool
) -> list[dict[str, Any]]:
    values = {"limit": limit, "before": before, "unseen": unseen}
    async with c.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(Q["mine"], values)).fetchall()


async def _set(c: AsyncConnection[TupleRow], kept: str | None) -> str | None:

    try:
        row = await (await c.execute(Q["set_address"], {"address": kept})).fetchone()
    except psycopg.Error as error:
        raise refusal_of(error) from error
    return str(row[0]) if row and row[0] else None


async def _page(request: Request, caller: Caller, problem: Problem | None = None) -> HTMLResponse:
    settings = request.app.state.settings
    async with as_caller(request.app.state.pool, caller) as c:
        rows = await _mine(c, PAGE, None, unseen=False)
        row = await (await c.execute(Q["address"])).fetchone()
    return page(
        request,
        "hazards/notices.html",
        caller=caller,
        refusal=problem,
        items=rows,
        address=row[0] if row else None,
        sends=settings.smtp is not None,
        has_account=caller.account is not None,
    )
