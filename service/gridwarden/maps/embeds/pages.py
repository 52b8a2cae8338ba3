"""`/embeds`: make a link, see which live, end one."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gridwarden.access.limits import costs
from gridwarden.database import Caller, as_caller
from gridwarden.intake.bodies import limited_form
from gridwarden.maps.cells import Q as CELLS
from gridwarden.maps.embeds.figures import SYSTEMS
from gridwarden.maps.embeds.making import MAKERS, Q
from gridwarden.maps.embeds.routes import (
    EmbedMade,
    EmbedWanted,
    Keeper,
    Maker,
    Number,
    listed,
    made_of,
    revoke,
)
from gridwarden.maps.view import measure_words
from gridwarden.words import language_of, say
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["maps"])
_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    }
}


@router.get("/embeds", response_class=HTMLResponse)
async def embeds_page(request: Request, caller: Keeper) -> HTMLResponse:
    """The form for a new link, and the links there are."""
    return await _page(request, caller)


@router.post("/embeds", response_class=HTMLResponse, openapi_extra=_FORM)
@costs("heavy")
async def make_embed_by_form(request: Request, caller: Maker) -> HTMLResponse:
    """Make a link and show it, once."""
    form = await limited_form(request)
    try:
        made = await made_of(request, caller, _wanted(form))
    except Problem as problem:
        return await _page(request, caller, form=form, problem=problem)
    return await _page(request, caller, made=made)


@router.post("/embeds/{number}/revoke", status_code=303)
async def revoke_embed_by_form(request: Request, number: Number, caller: Keeper) -> Response:
    """End a link at once."""
    await revoke(request, number, caller)
    return RedirectResponse("/embeds", 303)


def _wanted(form: Mapping[str, str]) -> EmbedWanted:
    """The form's fields; raises Problem for what is no number."""
    numbers: dict[str, int | None] = {}
    for name in ("district", "days"):
        text = form.get(name, "").strip()
        if text and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise Problem("invalid_value", "embeds.no_number", field=name)
        numbers[name] = int(text) if text else None
    language = form.get("language")
    return EmbedWanted.model_construct(
        cells=form.get("cells", SYSTEMS[0]),
        measure=form.get("measure", "weighted"),
        district=numbers["district"],
        language="en" if language == "en" else "zh" if language == "zh" else None,
        sites=form.get("sites", "").replace(",", " ").split(),
        days=30 if numbers["days"] is None else numbers["days"],
    )


async def _page(
    request: Request,
    caller: Caller,
    *,
    made: EmbedMade | None = None,
    form: Mapping[str, str] | None = None,
    problem: Problem | None = None,
) -> HTMLResponse:
    lang = language_of(request)
    items = await listed(request.app.state.pool, caller)
    districts: list[Any] = []
    families: list[str] = []
    if caller.role in MAKERS:
        async with as_caller(request.app.state.pool, caller) as c:
            districts = await (await c.execute(Q["districts"])).fetchall()
            row = await (await c.execute(CELLS["dates"])).fetchone()
            families = row[4] if row else []
    for one in items:
        system = say(f"maps.system.{one['system']}", lang)
        one["title"] = f"{system} · {measure_words(one['measure'], lang)}"
    defaults = {"cells": SYSTEMS[0], "measure": "weighted", "district": "", "days": "30"}
    return page(
        request,
        "maps/embeds.html",
        caller=caller,
        status_code=200 if problem is None else problem.status,
        items=items,
        made=made,
        problem=None if problem is None else problem.said(lang),
        makes=caller.role in MAKERS,
        systems=SYSTEMS,
        measures=[(m, measure_words(m, lang)) for m in ("weighted", "count", *families)],
        districts=districts,
        wanted={**defaults, "language": lang, "sites": "", **(form or {})},
    )
