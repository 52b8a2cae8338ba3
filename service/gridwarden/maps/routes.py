"""`/maps/heat`, `/api/cells/{system}`, the list of findings and the start page."""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller
from gridwarden.layers.past import moment_of
from gridwarden.maps import findings, start
from gridwarden.maps.cells import WITHHELD, Cell, Heat, allowed_systems, heat, measured
from gridwarden.maps.context import checked_measure, heat_context
from gridwarden.maps.embeds import pages as embed_pages
from gridwarden.maps.embeds import routes as embeds
from gridwarden.maps.extent import in_box, parse_box
from gridwarden.maps.ground import backdrop
from gridwarden.maps.view import view
from gridwarden.settings import Settings
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter()
STATES: Final = ("counted", "no_data", "withheld")
router.include_router(start.router)
router.include_router(findings.router)
router.include_router(embeds.router)
router.include_router(embed_pages.router)
HeatReader = Annotated[Caller, allow("utility", "supervisor", "planner", "viewer", "inspector")]


@router.get("/maps/heat", response_class=HTMLResponse, tags=["maps"])
@costs("heavy")
async def heat_page(
    request: Request,
    caller: HeatReader,
    cells: str | None = None,
    measure: str = "weighted",
    at: str | None = None,
) -> HTMLResponse:
    """The heat map as a page: cells, legend, popups, and links down to the findings."""
    settings: Settings = request.app.state.settings
    at = at or None
    then = moment_of(at, settings.time_zone)
    system = cells or allowed_systems(caller.role)[0]
    if not (settings.assets / "leaflet" / "leaflet.js").is_file():
        raise Problem("incomplete", "maps.no_assets")
    found = await heat(request.app.state.pool, caller, system, settings, names=True, at=then)
    checked_measure(measure, found)
    lang = language_of(request)
    ground = await backdrop(request.app.state.pool, caller, settings)
    linked = caller.role != "viewer"
    # thousands of cells take a second of thought: others are answered meanwhile
    shown = await run_in_threadpool(view, found, measure, ground, settings, lang, linked=linked)
    return page(
        request,
        "maps/heat.html",
        caller=caller,
        inline_styles=True,
        cut_off=found.cut_off,
        dates=found,
        **heat_context(shown, settings, lang, at),
        systems=allowed_systems(caller.role),
    )


@router.get("/api/cells/{system}", tags=["maps"])
@costs("heavy")
async def cells_api(
    request: Request,
    caller: HeatReader,
    system: str,
    measure: str = "weighted",
    bbox: Annotated[str | None, Query(max_length=200)] = None,
    at: str | None = None,
) -> Response:
    """The cells as GeoJSON (lon/lat), the same figures as on the heat page.

    `bbox` (west,south,east,north) keeps the cells whose middle lies in it.
    """
    settings: Settings = request.app.state.settings
    then = moment_of(at, settings.time_zone)
    box = parse_box(bbox)
    found = await heat(request.app.state.pool, caller, system, settings, at=then)
    checked_measure(measure, found)
    collection = as_geojson(found, measure, settings)
    if box:
        kept = [
            feature
            for feature, cell in zip(collection["features"], found.cells, strict=True)
            if in_box(cell.centre, box)
        ]
        collection["features"] = kept
    text = json.dumps(collection, ensure_ascii=False)
    return Response(text.encode("utf-8", "replace"), media_type="application/geo+json")


def _figure(cell: Cell, measure: str, settings: Settings) -> float | None:
    """A figure of a cell; None where it is withheld because it is few."""
    return None if measure in cell.hidden else measured(cell.tallies, measure, settings)


def as_geojson(found: Heat, measure: str, settings: Settings) -> dict[str, Any]:
    """The cells as a feature collection; `state` is counted, no_data or withheld."""
    features = [
        {
            "type": "Feature",
            "id": cell.key,
            "geometry": cell.shape,
            "properties": {
                "name": cell.name,
                "value": _figure(cell, measure, settings),
                "count": _figure(cell, "count", settings),
                "weighted": _figure(cell, "weighted", settings),
                "families": {family: _figure(cell, family, settings) for family in found.families},
                "surveyed": round(cell.surveyed, 2),
                "state": STATES[WITHHELD if measure in cell.hidden else cell.state],
                "surveyed_on": cell.surveyed_on.isoformat() if cell.surveyed_on else None,
                "records_age_days": found.age_of(cell),
                "records_late": found.late(cell),
            },
        }
        for cell in found.cells
    ]
    return {
        "type": "FeatureCollection",
        "system": found.system,
        "measure": measure,
        "cut_off": found.cut_off.isoformat(),
        "published_at": found.published_at.isoformat() if found.published_at else None,
        "records": found.fresh.document() if found.fresh else None,
        "too_many": found.too_many,
        "features": features,
    }
