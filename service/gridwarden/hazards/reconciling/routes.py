"""`/api/hazards/lists`: a list that others keep, held beside the ledger (对账)."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.reconciling import comparing, pages
from gridwarden.hazards.reconciling.comparing import RECONCILING, REGISTERING, TIMEOUT_MS
from gridwarden.hazards.reconciling.reading import read_list
from gridwarden.hazards.reconciling.registering import register
from gridwarden.intake.bodies import form_of
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
router.include_router(pages.router)
Reconciler = Annotated[Caller, allow(*RECONCILING)]
Registrar = Annotated[Caller, allow(*REGISTERING)]
Number = Annotated[int, Path(alias="list", ge=1, lt=2**63)]
NOT_KEPT: Final = {"Cache-Control": "no-store"}
MAX_LIST: Final = 32 << 20
FIELDS: Final = ("sender", "district", "from_on", "to_on", "crs", "sheet")
FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "sender"],
                    "properties": {name: {"type": "string"} for name in FIELDS}
                    | {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class Pair(BaseModel):
    """A row of the list and a case, and whether they are the same hazard."""

    model_config = ConfigDict(extra="forbid")
    row: Annotated[int, Field(strict=True, ge=1, lt=2**31)]
    case: Annotated[int, Field(strict=True, ge=1, lt=2**63)]
    same: bool = True


class Pairs(BaseModel):
    """What is said of rows and cases."""

    model_config = ConfigDict(extra="forbid")
    pairs: Annotated[list[Pair], Field(min_length=1, max_length=5000)]


class Registering(BaseModel):
    """Which row is registered, as what kind of hazard."""

    model_config = ConfigDict(extra="forbid")
    row: Annotated[int, Field(strict=True, ge=1, lt=2**31)]
    category: Annotated[str, Field(pattern="^[a-z_]{2,40}$")]


@router.post("/api/hazards/lists", status_code=201, openapi_extra=FORM)
@costs("heavy")
async def bring(request: Request, caller: Reconciler) -> JSONResponse:
    """Bring a list (XLSX, CSV in UTF-8 or GBK): it is read, kept and matched at once."""
    number = await brought(request, caller)
    async with as_caller(request.app.state.pool, caller) as c:
        found = (await comparing.lists(c, number))[0]
    where = f"/api/hazards/lists/{number}"
    return JSONResponse(
        jsonable_encoder(found), status_code=201, headers=NOT_KEPT | {"Location": where}
    )


async def brought(request: Request, caller: Caller) -> int:
    """Read and keep what a form brought; the list's number. Raises Problem."""
    settings: Settings = request.app.state.settings
    values, sent = await form_of(request, MAX_LIST)
    if sent is None:
        raise Problem("missing_value", field="file")
    days = pages.day_said(values, "from_on"), pages.day_said(values, "to_on")
    sheet, crs = values.get("sheet", "").strip(), values.get("crs", "").strip()
    found = await asyncio.to_thread(read_list, sent, settings, sheet or None, crs or None)
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        return await comparing.bring(
            c,
            sent,
            found,
            sender=values.get("sender", ""),
            district=values.get("district", "").strip() or None,
            days=days,
        )


@router.get("/api/hazards/lists")
async def lists(request: Request, caller: Reconciler) -> JSONResponse:
    """The lists that the caller brought, newest first, with how far they are compared."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await comparing.lists(c)
    return JSONResponse(jsonable_encoder({"items": found, "next": None}), headers=NOT_KEPT)


@router.get("/api/hazards/lists/{list}")
async def one(request: Request, number: Number, caller: Reconciler) -> JSONResponse:
    """One of them: its counts, which columns were read as what, and notes."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await comparing.one(c, number)
        counts = (await comparing.lists(c, number))[0]
    told = {k: found[k] for k in ("columns", "notes")} | counts
    return JSONResponse(jsonable_encoder(told), headers=NOT_KEPT)


@router.get("/api/hazards/lists/{list}/rows")
async def rows(
    request: Request,
    number: Number,
    caller: Reconciler,
    standing: Annotated[str | None, Query(pattern="^(only|proposed|confirmed|registered)$")] = None,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> JSONResponse:
    """Its rows, each with the case that it is or may be, scores, and in what the two differ."""
    zone = request.app.state.settings.time_zone
    async with as_caller(request.app.state.pool, caller) as c:
        await comparing.one(c, number)
        wanted = [standing] if standing else None
        found = await comparing.rows(c, number, zone, wanted, after)
    more = None
    if len(found) == comparing.PAGE:
        more = f"/api/hazards/lists/{number}/rows?after={found[-1]['number']}"
        more += f"&standing={standing}" if standing else ""
    return JSONResponse(jsonable_encoder({"items": found, "next": more}), headers=NOT_KEPT)


@router.get("/api/hazards/lists/{list}/only-ours")
async def only_ours(
    request: Request,
    number: Number,
    caller: Reconciler,
) -> JSONResponse:
    """Cases that the list should hold, by its district and days, and does not (the first 1,000)."""
    zone = request.app.state.settings.time_zone
    async with as_caller(request.app.state.pool, caller) as c:
        await comparing.one(c, number)
        found = await comparing.only_ours(c, number, zone, 1000)
    total = found[0]["total"] if found else 0
    items = [{k: v for k, v in case.items() if k != "total"} for case in found]
    told = {"items": items, "total": total, "next": None}
    return JSONResponse(jsonable_encoder(told), headers=NOT_KEPT)


@router.post("/api/hazards/lists/{list}/match")
@costs("heavy")
async def match(
    request: Request,
    number: Number,
    caller: Reconciler,
) -> JSONResponse:
    """Match it anew, with the cases of now; what was confirmed stays."""
    async with as_caller(request.app.state.pool, caller, TIMEOUT_MS) as c:
        proposed = await comparing.match(c, number)
    return JSONResponse({"proposed": proposed}, headers=NOT_KEPT)


@router.post("/api/hazards/lists/{list}/pairs")
async def decide(
    request: Request,
    number: Number,
    said: Pairs,
    caller: Reconciler,
) -> JSONResponse:
    """Say of rows and cases that they are the same, or not; the sender's next list knows it."""
    async with as_caller(request.app.state.pool, caller) as c:
        taken = await comparing.decide(c, number, [pair.model_dump() for pair in said.pairs])
    return JSONResponse({"decided": taken}, headers=NOT_KEPT)


@router.post("/api/hazards/lists/{list}/register", status_code=201)
async def register_row(
    request: Request,
    number: Number,
    asked: Registering,
    caller: Registrar,
) -> JSONResponse:
    """Make a registered case of a row that only they had: found on their day, entered today."""
    zone = request.app.state.settings.time_zone
    async with as_caller(request.app.state.pool, caller) as c:
        made = await register(c, number, asked.row, asked.category, zone, caller.language)
    where = f"/api/hazards/{made['id']}"
    told = {k: made.get(k) for k in ("id", "hazard_no", "version", "state")}
    return JSONResponse(told, status_code=201, headers={"Location": where})


@router.post("/hazards/lists", response_class=HTMLResponse, openapi_extra=FORM)
@costs("heavy")
async def bring_page(request: Request, caller: Reconciler) -> Response:
    """The same from the page, and on to what came of it."""
    try:
        number = await brought(request, caller)
    except Problem as problem:
        return await pages.lists_shown(request, caller, problem=problem)
    return RedirectResponse(f"/hazards/lists/{number}", 303)
