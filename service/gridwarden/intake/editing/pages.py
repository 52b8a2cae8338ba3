"""`/registers`: every register and layer as a list, and one form for each feature of any of them.

The form is made of the layer's file and posts to the same doors as the API: who may bring a layer
edits it, the version that was read is named, and one of two editors reads again.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from psycopg import sql

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller, queries
from gridwarden.intake.editing import forms
from gridwarden.intake.editing.placing import stated
from gridwarden.intake.editing.routes import Anyone
from gridwarden.intake.editing.storing import Edit
from gridwarden.layers.catalogue import AREA_SCOPES, Column, Layer
from gridwarden.layers.features.crs import CRS84, crs_of
from gridwarden.layers.features.etags import tag_of
from gridwarden.layers.features.items import feature_of, view_of
from gridwarden.layers.features.routes import LAYERS, READERS, FeatureId, LayerId
from gridwarden.words import language_of, say
from gridwarden.words.figures import when
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake.editing", "registers.sql")
router = APIRouter(prefix="/registers", tags=["features"])
KEPT: Final = tuple(one for one in LAYERS.values() if not one.secret)
"""Layers with pages. Mains are edited by the API alone, which records each look."""
Reader = Annotated[Caller, allow(*READERS)]
Editor = Annotated[Caller, allow(*dict.fromkeys(r for one in KEPT for r in one.importers))]
Keeper = Annotated[
    Caller,
    allow(*dict.fromkeys(r for one in KEPT for r in one.importers if r in one.readers)),
]
After = Annotated[int, Query(ge=0, lt=2**63, description="the last row of the page before")]
Sought = Annotated[str, Query(max_length=100, description="words that a row has to hold")]
ROWS: Final = 50
SHOWN: Final = 8
"""Columns of a list; the form has all."""
FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    }
}
SYSTEMS: Final = ("", "gcj02", "bd09")
"""Whose coordinates a form's may be."""


def offered(caller: Caller) -> list[Layer]:
    """What the caller reads or brings, registers first."""
    mine = [one for one in KEPT if caller.role in one.readers or caller.role in one.importers]
    return sorted(mine, key=lambda one: not one.register)


@router.get("", response_class=HTMLResponse)
async def registers(request: Request, caller: Anyone) -> HTMLResponse:
    """The registers with how many rows each has, and the other layers."""
    state, there = request.app.state, offered(caller)
    counts: dict[str, Any] = {}
    parts = [
        sql.SQL(Q["counted"]).format(layer=sql.Literal(one.id), view=view_of(one))
        for one in there
        if one.register and caller.role in one.readers
    ]
    if parts:
        async with as_caller(state.pool, caller, state.settings.statement_timeout_ms) as c:
            rows = await (await c.execute(sql.SQL(" union all ").join(parts))).fetchall()
        counts = {name: {"rows": n, "dated": dated} for name, n, dated in rows}
    return page(
        request,
        "intake/registers.html",
        caller=caller,
        registers=[one for one in there if one.register],
        others=[one for one in there if not one.register],
        counts=counts,
    )


@router.get("/{layer}", response_class=HTMLResponse)
async def rows_page(
    request: Request, caller: Reader, layer: LayerId, q: Sought = "", after: After = 0
) -> HTMLResponse:
    """One register or layer as a list, 50 rows a page."""
    state, one = request.app.state, _open(layer, caller, reading=True)
    columns = one.columns[:SHOWN]
    values = {"after": after, "limit": ROWS + 1, "like": f"%{_plain(q)}%"}
    statement = sql.SQL(Q["rows"]).format(
        view=view_of(one),
        columns=_and(c.name for c in columns),
        where=_where(one, caller, bool(q.strip())),
    )
    async with as_caller(state.pool, caller, state.settings.statement_timeout_ms) as c:
        found = await (await c.execute(statement, values)).fetchall()
        rules = await (await c.execute(Q["judged"], {"layer": one.id})).fetchall()
    lang = language_of(request)
    return page(
        request,
        "intake/register.html",
        caller=caller,
        layer=one,
        columns=columns,
        rows=[_told(row, columns, lang) for row in found[:ROWS]],
        q=q,
        following=found[ROWS - 1][0] if len(found) > ROWS else None,
        after=after,
        edits=caller.role in one.importers,
        rules=[(text[lang], [title[lang] for title in unset]) for text, unset in rules],
    )


def _where(layer: Layer, caller: Caller, seeking: bool) -> sql.Composable:
    parts: list[sql.Composable] = []
    if seeking:
        texts = _and(c.name for c in layer.columns if c.type == "text")
        parts.append(sql.SQL(Q["holding"]).format(texts=texts))
    if layer.readers[caller.role] in AREA_SCOPES:
        parts.append(sql.SQL(Q["own_area"]))
    return sql.SQL("").join(parts)


def _and(names: Iterable[str]) -> sql.Composable:
    """More columns of a row, after others."""
    return sql.SQL("").join(sql.SQL(", f.") + sql.Identifier(name) for name in names)


def _plain(words: str) -> str:
    """What is sought, with the signs of patterns meaning themselves. Raises Problem (400)."""
    if "\x00" in words:
        raise Problem("invalid_value", field="q")
    sought = words.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return sought.encode("utf-8", "replace").decode("utf-8")


def _told(row: Any, columns: Any, lang: str) -> dict[str, Any]:
    number, code, name, dated, *cells = row
    said = [_cell(column, cell, lang) for column, cell in zip(columns, cells, strict=True)]
    return {"id": number, "code": code, "name": name, "dated": dated, "cells": said}


def _cell(column: Column, cell: Any, lang: str) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return say("registers.yes" if cell else "registers.no", lang)
    return when(cell, lang) if isinstance(cell, date) else column.said(cell, lang)


@router.get("/{layer}/new", response_class=HTMLResponse)
async def new_page(request: Request, caller: Editor, layer: LayerId) -> HTMLResponse:
    """An empty form."""
    return _form(request, caller, _open(layer, caller, editing=True), {}, None)


@router.post("/{layer}/new", response_class=HTMLResponse, openapi_extra=FORM)
async def make(request: Request, caller: Editor, layer: LayerId) -> Response:
    """Make the feature that the form says; what cannot be taken is said above it."""
    one = _open(layer, caller, editing=True)
    given = await forms.posted(request, one)
    try:
        said = forms.said_anew(one, given)
        edit, system = _edit(request, caller, one, given)
        made = await edit.create(said, system, None, None)
    except Problem as problem:
        return _form(request, caller, one, given, None, problem)
    reads = caller.role in one.readers and made.text is not None
    return RedirectResponse(f"/registers/{layer}" + (f"/rows/{made.id}" if reads else "/new"), 303)


@router.get("/{layer}/rows/{feature}", response_class=HTMLResponse)
async def item_page(
    request: Request, caller: Reader, layer: LayerId, feature: FeatureId
) -> HTMLResponse:
    """One feature: its form for who may edit it, else what it says."""
    one = _open(layer, caller, reading=True)
    there = await _feature(request, caller, one, feature)
    return _form(request, caller, one, forms.values_of(there), there)


@router.post("/{layer}/rows/{feature}", response_class=HTMLResponse, openapi_extra=FORM)
async def change(request: Request, caller: Keeper, layer: LayerId, feature: FeatureId) -> Response:
    """Change or remove the feature whose version the form names; 412 where somebody was faster."""
    one = _open(layer, caller, editing=True, reading=True)
    there = await _feature(request, caller, one, feature)
    given = await forms.posted(request, one)
    version = given.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise Problem("invalid_value", "asked.bad_number", field="version", least=1)
    tag = tag_of(int(version))
    try:
        edit, system = _edit(request, caller, one, given)
        if given.get("act") == "remove":
            await edit.remove(feature, tag)
            return RedirectResponse(f"/registers/{layer}", 303)
        said = forms.said_changed(one, given, forms.values_of(there))
        await edit.update(feature, said, system, tag)
    except Problem as problem:
        return _form(request, caller, one, forms.values_of(there) | given, there, problem)
    return RedirectResponse(f"/registers/{layer}/rows/{feature}", 303)


def _open(layer: str, caller: Caller, *, reading: bool = False, editing: bool = False) -> Layer:
    """The layer, for who may. Raises Problem (404, 403)."""
    one = LAYERS.get(layer)
    if one is None or one.secret:
        raise Problem("not_found", "features.no_layer", field="layer")
    if reading and caller.role not in one.readers:
        raise Problem("forbidden", "features.not_yours", field="layer")
    if editing and caller.role not in one.importers:
        raise Problem("not_found", "registers.not_kept", field="layer")
    return one


def _edit(request: Request, caller: Caller, layer: Layer, given: Mapping[str, str]) -> Any:
    settings = request.app.state.settings
    if given.get("crs", "") not in SYSTEMS:
        raise Problem("invalid_value", "asked.bad_choice", field="crs", choices="gcj02, bd09")
    system = stated(request, (), given.get("crs") or None, settings.crs)
    return Edit(request.app.state.pool, caller, settings, layer, None, system.answer), system


async def _feature(request: Request, caller: Caller, layer: Layer, feature: str) -> dict[str, Any]:
    """The feature as its reader sees it. Raises Problem (404)."""
    settings = request.app.state.settings
    found = None
    if feature.isascii() and feature.isdecimal() and len(feature) <= 18:
        here = crs_of(CRS84, "crs", settings.crs)
        async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
            found = await feature_of(c, layer, int(feature), here, settings)
    if found is None:
        raise Problem("not_found", "features.no_feature", field="feature")
    there: dict[str, Any] = json.loads(found[0])
    return there


def _form(
    request: Request,
    caller: Caller,
    layer: Layer,
    values: Mapping[str, str],
    there: Mapping[str, Any] | None,
    problem: Problem | None = None,
) -> HTMLResponse:
    lang = language_of(request)
    return page(
        request,
        "intake/feature.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        layer=layer,
        there=there,
        fields=forms.fields_of(layer, values, lang),
        values=dict.fromkeys((*forms.PLACE, *forms.ABOUT_IT), "") | dict(values),
        wrong=(problem.field or "").removeprefix("properties.") if problem else "",
        sentence=problem.said(lang) if problem else None,
        stale=problem is not None and problem.status == 412,
        edits=caller.role in layer.importers,
        other_named=[LAYERS[name].title.in_(lang) for _, name in layer.placed_by],
    )
