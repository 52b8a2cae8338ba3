"""GET /api/sheds/nearest, and the same question as a plain page."""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from gridwarden.access import allow
from gridwarden.database import OFFICE, Caller
from gridwarden.dispatch.nearest import K_MAX, nearest, read_search
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["sheds"])
Asker = Annotated[Caller, allow(*OFFICE)]
PARAMETERS: Final = ("lon", "lat", "k", "by", "free", "lang")


def _parameter(name: str, schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


_PARAMETERS: Final = [
    _parameter("lon", {"type": "number", "minimum": -180, "maximum": 180}, True),
    _parameter("lat", {"type": "number", "minimum": -90, "maximum": 90}, True),
    _parameter("k", {"type": "integer", "minimum": 1, "maximum": K_MAX, "default": 5}),
    _parameter("by", {"type": "string", "enum": ["line", "road"], "default": "line"}),
    _parameter("free", {"type": "boolean", "default": False}),
]


@router.get(
    "/api/sheds/nearest",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    openapi_extra={"parameters": _PARAMETERS},
)
async def sheds(request: Request, caller: Asker) -> Response:
    """The k nearest sheds by straight line, with free places, status and its age in minutes."""
    for name in request.query_params:
        if name not in PARAMETERS:
            raise Problem("unknown_parameter", field=name[:60])
    search = read_search(request.query_params, request.app.state.settings.crs)
    items = await nearest(request.app.state.pool, caller, search)
    text = f'{{"items": {items}, "next": null}}'
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/sheds/nearest", response_class=HTMLResponse)
async def sheds_page(request: Request, caller: Asker) -> HTMLResponse:
    """The form, and below it the answer when a place is given."""
    values = {name: request.query_params.get(name, "") for name in PARAMETERS}
    items, sentence, wrong = None, None, None
    if values["lon"] or values["lat"]:
        try:
            search = read_search(request.query_params, request.app.state.settings.crs)
            items = json.loads(await nearest(request.app.state.pool, caller, search))
        except Problem as problem:
            sentence, wrong = problem.said(language_of(request)), problem.field
    return page(
        request,
        "dispatch/nearest.html",
        caller=caller,
        status_code=400 if sentence else 200,
        values=values,
        items=items,
        sentence=sentence,
        wrong=wrong,
        k_max=K_MAX,
    )
