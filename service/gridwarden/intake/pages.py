"""`/imports`: send a file, see how it is read and what would change, answer what it asks."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import HTMLResponse, Response

from gridwarden.database import Caller, as_caller
from gridwarden.intake.arriving import FORM, received
from gridwarden.intake.ask import whole_number
from gridwarden.intake.bodies import limited_form
from gridwarden.intake.coordinates.named import names_of
from gridwarden.intake.dry_run import changes
from gridwarden.intake.imports import Q, answer
from gridwarden.intake.preview import seen
from gridwarden.intake.routes import shown
from gridwarden.intake.seeing import Importer, ImportId, found
from gridwarden.intake.system_names import choices
from gridwarden.jobs.routes import state_of
from gridwarden.layers.catalogue import layers
from gridwarden.words import language_of, say
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["import"])
LISTED: Final = 30
CHANGES: Final = 200
"""Changes that a page lists; the API has them all."""
RUNNING: Final = ("queued", "running")
CHANGED: Final = ("checked", "held")
_FORM: Final[dict[str, Any]] = {"requestBody": FORM}
_ANSWER: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": {"type": "object"}}},
    }
}
Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/imports", response_class=HTMLResponse)
async def imports_page(request: Request, caller: Importer, before: Before = None) -> HTMLResponse:
    """The form, and the caller's imports, newest first."""
    return await _imports_page(request, caller, before)


async def _imports_page(
    request: Request,
    caller: Caller,
    before: int | None,
    problem: Problem | None = None,
) -> HTMLResponse:
    state, lang = request.app.state, language_of(request)
    values = {"before": before, "layer": None, "dataset": None, "limit": LISTED + 1}
    async with as_caller(state.pool, caller) as c:
        rows = await (await c.execute(Q["page"], values)).fetchall()
        names = await names_of(c)
    offered = choices(state.settings.crs, lang, names, unknown=False)
    items = [shown(row[0], lang) for row in rows[:LISTED]]
    return page(
        request,
        "intake/imports.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        items=items,
        older=items[-1]["id"] if len(rows) > LISTED else None,
        layers=[
            (one.id, one.title.in_(lang))
            for one in layers().values()
            if caller.role in one.importers
        ],
        titles={one.id: one.title.in_(lang) for one in layers().values()},
        systems=[("", say("imports.crs_told", lang)), *offered[1:]],
        wrong=problem.field if problem else None,
        sentence=problem.said(lang) if problem else None,
        megabytes=state.settings.upload_mb,
    )


@router.post("/imports", response_class=Response, openapi_extra=_FORM)
async def send(request: Request, caller: Importer) -> Response:
    """Take the file of the form; then its own page."""
    try:
        import_id, _ = await received(request, caller)
    except Problem as problem:
        return await _imports_page(request, caller, None, problem)
    return RedirectResponse(f"/imports/{import_id}", 303)


@router.get("/imports/{import_id}", response_class=HTMLResponse)
async def import_page(request: Request, caller: Importer, import_id: ImportId) -> HTMLResponse:
    """One import: how it goes, what it asks, what it changes or changed, what was left."""
    return await _import_page(request, caller, import_id)


async def _import_page(
    request: Request, caller: Caller, import_id: int, problem: Problem | None = None
) -> HTMLResponse:
    pool, lang = request.app.state.pool, language_of(request)
    one = shown(await found(pool, caller, import_id), lang)
    running = one["state"] in RUNNING
    told: list[tuple[str, str, str, bool]] = []
    counts: dict[str, Any] = {}
    more = False
    if one["state"] in CHANGED:
        counts, features, following = await changes.page(
            pool, caller, import_id, after=0, limit=CHANGES, op=None
        )
        told, more = list(changes.told(features)), following is not None
    layer = layers()[one["layer"]]
    columns = {column.name: column for column in layer.all_columns}
    return page(
        request,
        "intake/import.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        one=one,
        layer=layer.title.in_(lang),
        columns={name: column.title.in_(lang) for name, column in columns.items()},
        said=lambda name, value: columns[name].said(value, lang) if name in columns else value,
        running=running,
        job=await state_of(pool, caller, one["job_id"]) if running else None,
        preview=await seen(pool, caller, import_id),
        changes=told,
        more_changes=more,
        counts=counts,
        drawn=bool(told) and layer.geometry != "none",
        sentence=problem.said(lang) if problem else None,
    )


@router.post("/imports/{import_id}/answer", response_class=Response, openapi_extra=_ANSWER)
async def answered(request: Request, caller: Importer, import_id: ImportId) -> Response:
    """One click on what a held import may be."""
    state = request.app.state
    try:
        values = await limited_form(request, "file")
        await answer(state.pool, caller, state.settings, import_id, _said(values))
    except Problem as problem:
        return await _import_page(request, caller, import_id, problem)
    return RedirectResponse(f"/imports/{import_id}", 303)


def _said(values: dict[str, str]) -> dict[str, Any]:
    """The form as the API's body."""
    if values.get("remove"):
        return {"remove": whole_number(values["remove"], "remove")}
    said: dict[str, Any] = {"crs": values["crs"][:200]} if values.get("crs") else {}
    if values.get("north_first"):
        said["north_first"] = values["north_first"] == "true"
    if not said:
        raise Problem("missing_value", field="crs")
    return said


@router.post("/imports/{import_id}/publish", response_class=Response, openapi_extra=_ANSWER)
async def published(request: Request, caller: Importer, import_id: ImportId) -> Response:
    """Publish what the dry run has shown."""
    state = request.app.state
    try:
        values = await limited_form(request, "file")
        remove = whole_number(values.get("remove") or None, "remove")
        await changes.publish(state.pool, caller, state.settings, import_id, remove)
    except Problem as problem:
        return await _import_page(request, caller, import_id, problem)
    return RedirectResponse(f"/imports/{import_id}", 303)
