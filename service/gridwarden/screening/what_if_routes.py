"""POST /api/what-if, and the same question as a plain form with its answer as tables."""

import asyncio
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller
from gridwarden.intake.bodies import form_of, limited_body, parse_json
from gridwarden.intake.located import known_for, local_names
from gridwarden.intake.places import MAX_FILE_BYTES, Place, place_of_form
from gridwarden.intake.system_names import choices
from gridwarden.layers.catalogue import layers
from gridwarden.screening.what_if import ASKERS, judge, proposable, read_proposal
from gridwarden.settings import Settings
from gridwarden.words import known, language_of, say
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["screening"])
Asker = Annotated[Caller, allow(*ASKERS)]
PARAMETERS: Final = ("crs", "lang")
FIELDS: Final = ("layer", "feature", "crs", "from_layer", "properties", "replaces")
_LINE: Final = re.compile(r"\s*([^=:：＝]+?)\s*[=:：＝]\s*(.*?)\s*")

_BODY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["layer", "feature"],
    "additionalProperties": False,
    "properties": {
        "layer": {"type": "string", "enum": list(proposable())},
        "feature": {
            "type": "object",
            "description": "GeoJSON Feature; its properties are the layer's columns",
            "required": ["type"],
            "properties": {
                "type": {"type": "string"},
                "geometry": {"type": "object"},
                "properties": {"type": ["object", "null"]},
            },
        },
        "crs": {"type": ["string", "null"], "description": "EPSG:n, gcj02 or bd09"},
        "replaces": {
            "type": ["integer", "null"],
            "minimum": 1,
            "description": "id of the feature whose place it would take",
        },
    },
}
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in FIELDS}
    | {"file": {"type": "string", "format": "binary"}},
}


@router.post(
    "/api/what-if",
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}
    },
)
@costs("heavy")
async def what_if(request: Request, caller: Asker, crs: str | None = None) -> JSONResponse:
    """What a screening would find for a proposed feature. The question is kept, no feature made."""
    for name in request.query_params:
        if name not in PARAMETERS:
            raise Problem("unknown_parameter", field=name[:60])
    settings: Settings = request.app.state.settings
    document = parse_json(await limited_body(request))
    # geometry is judged beside the loop that serves everybody else
    proposal = await asyncio.to_thread(read_proposal, document, settings, crs)
    timeout = settings.statement_timeout_ms
    found = await judge(request.app.state.pool, caller, proposal, timeout)
    headers = {"Cache-Control": "no-store", "Content-Language": caller.language}
    return JSONResponse(jsonable_encoder(found), headers=headers)


@router.get("/what-if", response_class=HTMLResponse)
async def form(request: Request, caller: Asker) -> HTMLResponse:
    """The form."""
    return await _page(request, caller, {})


@router.post(
    "/what-if",
    response_class=HTMLResponse,
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
    },
)
@costs("heavy")
async def answered(request: Request, caller: Asker) -> HTMLResponse:
    """The form with its answer below; or with what to correct."""
    values: dict[str, str] = {}
    settings: Settings = request.app.state.settings
    try:
        values, sent = await form_of(request, MAX_FILE_BYTES + (1 << 20))
        place = await asyncio.to_thread(
            place_of_form, values, sent, "feature", "what_if.problem.no_place", settings
        )
        document = document_of_form(values, place)
        crs = values.get("crs") or None
        pool = request.app.state.pool
        city = await known_for(place, crs, pool, caller, settings)
        proposal = await asyncio.to_thread(read_proposal, document, settings, crs, place, city)
        found = await judge(pool, caller, proposal, settings.statement_timeout_ms)
    except Problem as problem:
        return await _page(request, caller, values, problem=problem)
    return await _page(request, caller, values, found=found)


def document_of_form(values: Mapping[str, str], place: Place) -> dict[str, Any]:
    """The question of a filled-in form about a place. Raises Problem naming the field.

    Properties are lines `column = value`; they win over those of a pasted feature.
    """
    typed = _typed(values.get("properties", ""))
    replaces = values.get("replaces", "").strip()
    if replaces and not (replaces.isascii() and replaces.isdecimal() and len(replaces) < 19):
        raise Problem("invalid_value", "what_if.problem.replaces", field="replaces")
    feature = {"type": "Feature", "properties": {**place.properties, **typed}}
    document: dict[str, Any] = {"layer": values.get("layer") or None, "feature": feature}
    if replaces:
        document["replaces"] = int(replaces)
    return document


def _typed(text: str) -> dict[str, str]:
    """Lines `column = value`, named by the column or by its title in either language."""
    typed = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise Problem(
                "invalid_value", "what_if.problem.line", field="properties", line=line.strip()[:60]
            )
        typed[found[1]] = found[2]
    return typed


async def _page(
    request: Request,
    caller: Caller,
    values: Mapping[str, str],
    *,
    found: Mapping[str, Any] | None = None,
    problem: Problem | None = None,
) -> HTMLResponse:
    lang = language_of(request)
    state = request.app.state
    local = await local_names(state.pool, caller)
    chosen = [layers()[name] for name in proposable()]
    return page(
        request,
        "screening/what_if.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        values={name: values.get(name, "") for name in FIELDS},
        layers=[(one.id, one.title.in_(lang)) for one in chosen],
        columns=[
            (one.title.in_(lang), [(c.name, c.title.in_(lang)) for c in one.all_columns])
            for one in chosen
        ],
        titles={one.id: one.title.in_(lang) for one in layers().values()},
        family=lambda name: say(f"family.{name}", lang) if known(f"family.{name}") else name,
        systems=choices(state.settings.crs, lang, local, unknown=False),
        wrong=problem.field if problem else None,
        sentence=problem.said(lang) if problem else None,
        answer=found,
    )
