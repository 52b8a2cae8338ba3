"""`/maps/heat`, `/api/cells/{system}`, the list of findings and the start page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from gridwarden.access import allow
from gridwarden.access.limits import Aside, costs
from gridwarden.database import Caller
from gridwarden.layers.past import moment_of
from gridwarden.maps import drawn, findings, start
from gridwarden.maps.cells import allowed_systems, check_system
from gridwarden.maps.embeds import pages as embed_pages
from gridwarden.maps.embeds import routes as embeds
from gridwarden.maps.extent import box_of
from gridwarden.settings import Settings
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter()
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
    aside: Aside = request.app.state.aside
    wish = drawn.Wish(system, measure, then)
    shown = await aside.run(drawn.heat_page, caller, wish, language_of(request), at)
    return page(
        request,
        "maps/heat.html",
        caller=caller,
        inline_styles=True,
        systems=allowed_systems(caller.role),
        **shown,
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
    check_system(system, caller.role)
    box = box_of(bbox, system)
    aside: Aside = request.app.state.aside
    text = await aside.run(drawn.cells, caller, drawn.Wish(system, measure, then), box)
    return Response(text, media_type="application/geo+json")
