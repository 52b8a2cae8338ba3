"""`/api/hazards/{number}/proof`: photos and documents of a case, in and out."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from starlette.responses import Response

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.cases.pages import story_page
from gridwarden.hazards.cases.sections import section
from gridwarden.hazards.proof import keeping
from gridwarden.intake.bodies import MAX_BYTES, form_of
from gridwarden.words import say
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
SEES: Final = ("utility", "supervisor", "planner", "warden", "inspector", "contractor")
ADDS: Final = ("utility", "supervisor", "warden", "inspector", "contractor")
Seer = Annotated[Caller, allow(*SEES)]
Adder = Annotated[Caller, allow(*ADDS)]
Number = Annotated[int, Path(ge=1, lt=2**63)]
FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "kind"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "kind": {"type": "string", "enum": list(keeping.KINDS)},
                        "note": {"type": "string", "maxLength": 500},
                    },
                }
            }
        },
    }
}
CALM: Final = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""What is given out is looked at, never run."""


@router.get("/api/hazards/{number}/proof")
async def listed(request: Request, number: Number, caller: Seer) -> JSONResponse:
    """The proofs of a case, newest first, each with what was found odd about it, in words."""
    state = request.app.state
    async with as_caller(state.pool, caller) as c:
        await keeping.demand_case(c, number)
        found = await keeping.proofs(c, number)
    items = [shown(one, caller.language) for one in found]
    return JSONResponse(jsonable_encoder({"items": items, "next": None}), headers=CALM)


@router.post("/api/hazards/{number}/proof", status_code=201, openapi_extra=FORM)
@costs("heavy")
async def add(request: Request, number: Number, caller: Adder) -> JSONResponse:
    """Keep a photo (`before`, `after`) or a document with a case; 200 where it is there already."""
    found = await _received(request, number, caller)
    url = f"/api/hazards/{number}/proof/{found['id']}"
    status = 201 if found.pop("new") else 200
    document = jsonable_encoder(shown(found, caller.language))
    return JSONResponse(document, status_code=status, headers={**CALM, "Location": url})


@router.post("/hazards/{number}/proof", response_class=Response, openapi_extra=FORM)
@costs("heavy")
async def send(request: Request, number: Number, caller: Adder) -> Response:
    """The same by the form on the case's page; back to it."""
    try:
        await _received(request, number, caller)
    except Problem as problem:
        if problem.kind in ("not_found", "unsupported_media_type"):
            raise
        return await story_page(request, caller, number, problem)
    return RedirectResponse(f"/hazards/{number}#proof", 303)


@router.get("/api/hazards/{number}/proof/{proof}", response_class=Response)
async def whole(request: Request, number: Number, proof: Number, caller: Seer) -> Response:
    """A file as it came, with what the camera wrote; for who sees the place of the case."""
    return await _given(request, number, proof, caller, whole=True)


@router.get("/api/hazards/{number}/proof/{proof}/preview.jpg", response_class=Response)
async def preview(request: Request, number: Number, proof: Number, caller: Seer) -> Response:
    """A small copy of a photo, without anything that the camera wrote."""
    return await _given(request, number, proof, caller, whole=False)


def shown(one: dict[str, Any], lang: str) -> dict[str, Any]:
    """A proof as the API says it, its checks in words beside their names."""
    base = f"/api/hazards/{one['case_id']}/proof/{one['id']}"
    said = [{"check": check, "say": in_words(one, check, lang)} for check in one["checks"]]
    urls = {
        "url": base if one["whole"] else None,
        "preview_url": f"{base}/preview.jpg" if one["preview"] else None,
    }
    return {**one, "checks": said, **urls}


def in_words(one: dict[str, Any], check: str, lang: str) -> str:
    """What one check found, as a sentence; the distance for who sees the place."""
    if check in ("far", "gcj02") and one["distance_m"] is None:
        check += "_veiled"
    metres = one["distance_m"]
    told = {"m": round(metres) if metres is not None else "", "n": round(one["within_m"])}
    return say(f"proof.check.{check}", lang, **told)


async def _received(request: Request, number: int, caller: Caller) -> dict[str, Any]:
    state = request.app.state
    async with as_caller(state.pool, caller) as c:
        await keeping.demand_case(c, number)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem("unsupported_media_type", "proof.no_file", field="file")
    limit = (state.settings.proof_mb << 20) + MAX_BYTES
    values, sent = await form_of(request, limit)
    if sent is None:
        raise Problem("missing_value", "proof.no_file", field="file")
    for name in values:
        if name not in ("kind", "note"):
            raise Problem("unknown_parameter", field=name[:100])
    return await keeping.keep_proof(
        state.pool,
        caller,
        state.settings,
        number,
        values.get("kind", ""),
        sent.name,
        sent.body,
        values.get("note", ""),
    )


async def _given(
    request: Request, number: int, proof: int, caller: Caller, *, whole: bool
) -> Response:
    state = request.app.state
    body, media, name = await keeping.open_proof(
        state.pool, caller, state.settings, number, proof, whole=whole
    )
    how: Literal["attachment", "inline"] = "attachment" if whole else "inline"
    called = quote(name if whole else "preview.jpg", safe="")
    headers = {**CALM, "Content-Disposition": f"{how}; filename*=UTF-8''{called}"}
    return Response(body, media_type=media, headers=headers)


async def _of_case(
    c: AsyncConnection[TupleRow], caller: Caller, case: Mapping[str, Any]
) -> dict[str, Any]:
    found = await keeping.proofs(c, case["id"])
    return {
        "items": [shown(one, caller.language) for one in found],
        "adds": caller.role in ADDS,
    }


section("proof", "hazards/proof.html", _of_case, order=20)
