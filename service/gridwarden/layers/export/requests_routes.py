"""`/api/export-requests`: two persons before many exact mains leave."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from gridwarden.access import allow
from gridwarden.database import Caller
from gridwarden.layers.export import requests
from gridwarden.words.problems import Problem

router = APIRouter(prefix="/api/export-requests", tags=["layers"])
Asker = Annotated[Caller, allow(*requests.ASKERS)]
Number = Annotated[int, Path(ge=1, lt=2**63)]


class Ask(BaseModel):
    """What is asked for, and why."""

    model_config = ConfigDict(extra="forbid")
    why: str
    bbox: str = ""


class Decision(BaseModel):
    """What the second person says."""

    model_config = ConfigDict(extra="forbid")
    approve: bool
    why: str = ""


@router.post("", status_code=201)
async def ask(request: Request, caller: Asker, body: Ask) -> JSONResponse:
    """Ask for the exact mains that you see, or those in a box, as numbered copies."""
    state = request.app.state
    made = await requests.ask(state.pool, caller, state.settings, body.why, body.bbox)
    headers = {"Location": f"/api/export-requests/{made['id']}", "Cache-Control": "no-store"}
    return JSONResponse(jsonable_encoder(made), status_code=201, headers=headers)


@router.get("")
async def listed(request: Request, caller: Asker) -> JSONResponse:
    """Requests of your company, or of all for a bureau, newest first."""
    found = await requests.requests(request.app.state.pool, caller)
    return JSONResponse(
        jsonable_encoder({"items": found, "next": None}), headers={"Cache-Control": "no-store"}
    )


@router.get("/{number}")
async def one(request: Request, number: Number, caller: Asker) -> JSONResponse:
    """One request, and what became of it."""
    found = await requests.requests(request.app.state.pool, caller, number)
    if not found:
        raise Problem("not_found", "copies.none", field="number", request=number)
    return JSONResponse(jsonable_encoder(found[0]), headers={"Cache-Control": "no-store"})


@router.post("/{number}/decision")
async def decide(request: Request, number: Number, caller: Asker, body: Decision) -> JSONResponse:
    """Approve or reject; nobody approves what they asked for."""
    state = request.app.state
    found = await requests.decide(
        state.pool, caller, state.settings, number, approve=body.approve, why=body.why
    )
    return JSONResponse(jsonable_encoder(found), headers={"Cache-Control": "no-store"})
