"""POST /api/permits/check, and the same question as a plain form with a printable answer."""

import asyncio
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller
from gridwarden.intake.area import Area
from gridwarden.intake.bodies import Sent, form_of, limited_body, parse_json
from gridwarden.intake.located import local_names
from gridwarden.intake.places import MAX_FILE_BYTES
from gridwarden.intake.system_names import choices
from gridwarden.layers.age import age_line
from gridwarden.permits import replay_routes
from gridwarden.permits.bodies import FIELDS, question_of_form
from gridwarden.permits.check import ask
from gridwarden.permits.clip import routes as clip_routes
from gridwarden.permits.drawing import drawn
from gridwarden.permits.question import METHODS, read_question
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["permits"])
router.include_router(replay_routes.router)
router.include_router(clip_routes.router)
PermitAsker = Annotated[Caller, allow("utility", "supervisor")]
PARAMETERS: Final = ("crs", "lang")
FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")
LARGEST: Final = MAX_FILE_BYTES + (1 << 20)
"""Bytes of a form with its file."""
SMALL: Final = 4_000
"""Bytes of a question in longitude and latitude that is read sooner than another thread begins."""

_BODY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["area", "method"],
    "additionalProperties": False,
    "properties": {
        "area": {
            "type": "object",
            "description": "GeoJSON geometry (Point, LineString, Polygon or Multi…) or Feature",
            "required": ["type"],
            "properties": {"type": {"type": "string"}, "coordinates": {"type": "array"}},
        },
        "buffer_m": {"type": "number", "minimum": 0, "maximum": 500, "default": 0},
        "method": {"type": "string", "enum": list(METHODS)},
        "depth_m": {"type": ["number", "null"], "minimum": 0, "maximum": 200},
        "starts_on": {"type": ["string", "null"], "format": "date"},
        "ends_on": {"type": ["string", "null"], "format": "date"},
    },
}
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in FIELDS}
    | {"file": {"type": "string", "format": "binary"}},
}


@router.post(
    "/api/permits/check",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _BODY},
                "multipart/form-data": {"schema": _FORM},
            },
        }
    },
)
@costs("check")
async def check(request: Request, caller: PermitAsker, crs: str | None = None) -> Response:
    """May I dig here? `crs` names the system of the area's numbers.

    JSON takes an area as GeoJSON. A form takes it as `file` (any kind that is imported) or as a
    text in `area` (coordinates, WKT, a table, a link). Where neither `crs` nor the area itself
    tells whose coordinates they are, every reading is judged, and the answer is never `clear`.
    """
    for name in request.query_params:
        if name not in PARAMETERS:
            raise Problem("unknown_parameter", field=name[:60])
    settings, pool = request.app.state.settings, request.app.state.pool
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() in FORMS:
        values, sent = await form_of(request, LARGEST)
        _only_known(values)
        values = values | ({"crs": crs} if crs is not None else {})
        question = await question_of_form(values, sent, pool, caller, settings)
    else:
        body = await limited_body(request)
        document = parse_json(body)
        if len(body) <= SMALL and crs is None and b"crs" not in body:
            question = read_question(document, None, settings)
        else:  # read beside the loop that serves everybody else
            question = await asyncio.to_thread(read_question, document, crs, settings)
    text = await ask(request.app.state.pool, caller, question)
    headers = {"Cache-Control": "no-store", "Content-Language": caller.language}
    return Response(text, media_type="application/json", headers=headers)


def _only_known(values: Mapping[str, str]) -> None:
    for name in values:
        if name not in FIELDS:
            raise Problem("unknown_parameter", field=name[:60])


@router.get("/permits/check", response_class=HTMLResponse)
async def form(request: Request, caller: PermitAsker) -> HTMLResponse:
    """The form."""
    return await _form(request, caller, {})


@router.post(
    "/permits/check",
    response_class=HTMLResponse,
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
    },
)
@costs("check")
async def answer(request: Request, caller: PermitAsker) -> HTMLResponse:
    """The answer as a sheet of paper; or the form again, with what to correct."""
    values: dict[str, str] = {}
    sent: Sent | None = None
    state = request.app.state
    try:
        values, sent = await form_of(request, LARGEST)
        question = await question_of_form(values, sent, state.pool, caller, state.settings)
    except Problem as problem:
        return await _form(request, caller, values, problem)
    found = json.loads(await ask(state.pool, caller, question))
    lang = language_of(request)
    return page(
        request,
        "permits/answer.html",
        caller=caller,
        answer=found,
        question=question,
        place=_place(question.area),
        read_as=question.place.said(lang),
        readings=question.place.names(lang) if len(question.place.readings) > 1 else [],
        again=None if sent or question.place.several else {n: values.get(n, "") for n in FIELDS},
        drawing=await drawn(state.pool, caller, question.place, state.settings.crs),
        surveyed_on=found["surveyed_on"] and date.fromisoformat(found["surveyed_on"]),
        asked_at=datetime.fromisoformat(found["data"]["asked_at"]),
        headings=_headings(found),
        record_age=lambda record: age_line(record, lang),
    )


async def _form(
    request: Request, caller: Caller, values: dict[str, str], problem: Problem | None = None
) -> HTMLResponse:
    kept = {name: values.get(name, "") for name in FIELDS}
    state = request.app.state
    local = await local_names(state.pool, caller)
    return page(
        request,
        "permits/form.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        values=kept,
        methods=METHODS,
        systems=choices(state.settings.crs, language_of(request), local, unknown=True),
        wrong=problem.field if problem else None,
        sentence=problem.said(language_of(request)) if problem else None,
    )


def _place(area: Area) -> dict[str, Any]:
    """What the area is called on paper: its kind, a place within it, its size."""
    lon, lat = area.lonlat
    metres = area.metres
    kind = metres.geom_type.removeprefix("Multi").removesuffix("String").lower()
    return {
        "key": f"permits.page.area_{kind}",
        "place": f"{lon:.6f}, {lat:.6f}",
        "length": f"{metres.length:.0f}",
        "size": f"{metres.area:.0f}",
    }


def _headings(found: dict[str, Any]) -> dict[str, bool]:
    """Which columns of the tables have anything in them."""
    return {
        "rule": any(reason["pack"] for reason in found["reasons"]),
        "measured": any(reason["measured_m"] is not None for reason in found["reasons"]),
        "own": any("id" in main for main in found["mains"]),
        "others": any("id" not in main for main in found["mains"]),
    }
