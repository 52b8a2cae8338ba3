"""`/api/permits/clips`: tickets given to contractors, the mains within each, and its page."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller
from gridwarden.layers.catalogue import layers
from gridwarden.permits.clip import tickets
from gridwarden.permits.clip.drawing import LINE, caption, png, room
from gridwarden.words import language_of
from gridwarden.words.page import environment, furniture, page, zone_of
from gridwarden.words.picture import HEIGHT, bar_of, drawable

router = APIRouter(tags=["permits"])
Giver = Annotated[Caller, allow("utility", "supervisor")]
Knower = Annotated[Caller, allow("utility", "supervisor", "contractor")]
Contractor = Annotated[Caller, allow("contractor")]
Excavation = Annotated[int, Path(ge=1, lt=2**63, description="an excavation's id")]
NOT_KEPT: Final = {"Cache-Control": "no-store"}


class Ticket(BaseModel):
    """A ticket that was given and holds. `changed`: its area is another one since."""

    excavation: int
    code: str | None
    name: str | None
    contractor: str | None
    ends_on: date
    given_by: str | None
    given_at: datetime
    changed: bool


class Tickets(BaseModel):
    """All of them, on one page."""

    items: list[Ticket]
    next: str | None = None


class Giving(BaseModel):
    """Which excavation is given to which contractor: its number, or its code or name."""

    model_config = ConfigDict(extra="forbid")
    excavation: Annotated[int, Field(strict=True, ge=1, lt=2**63)]
    contractor: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("/api/permits/clips")
async def listed(request: Request, caller: Knower) -> Tickets:
    """The tickets that a contractor holds; to others those that they gave."""
    rows = await tickets.held(request.app.state.pool, caller)
    return Tickets(items=[Ticket.model_validate(one) for one in rows])


@router.post("/api/permits/clips", status_code=201)
async def give(request: Request, giving: Giving, caller: Giver) -> JSONResponse:
    """Give a ticket to a contractor, until its last day: a company its own mains within it, the
    bureau all. What was given before to the same contractor is replaced.
    """
    pool = request.app.state.pool
    await tickets.give(pool, caller, giving.excavation, giving.contractor)
    where = f"/api/permits/clips/{giving.excavation}"
    return JSONResponse({"clip": where}, status_code=201, headers={"Location": where})


@router.delete("/api/permits/clips/{excavation}", status_code=204)
async def take_back(
    request: Request,
    excavation: Excavation,
    caller: Giver,
    contractor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Take a ticket back that the caller gave: from one contractor, or from all."""
    await tickets.end(request.app.state.pool, caller, excavation, contractor)
    return Response(status_code=204)


@router.get("/api/permits/clips/{excavation}")
async def clip(request: Request, excavation: Excavation, caller: Contractor) -> JSONResponse:
    """The mains within the dig area of the caller's ticket and 15 m around it, as GeoJSON.

    Every look is recorded with the mains' ids. `watermark` names the ticket, who looked and when.
    """
    found = await tickets.clip(request.app.state.pool, caller, excavation)
    document = tickets.geojson(found, caller, language_of(request), zone_of(request))
    return JSONResponse(document, headers=NOT_KEPT, media_type="application/geo+json")


@router.get("/api/permits/clips/{excavation}/picture.svg", response_class=Response)
async def picture(request: Request, excavation: Excavation, caller: Contractor) -> Response:
    """The same as a drawing, watermarked all over."""
    lang = language_of(request)
    found = await tickets.clip(request.app.state.pool, caller, excavation)
    shown = furniture(request, caller, lang) | _shown(found, caller, lang, zone_of(request))
    text = environment().get_template("permits/clip_picture.html").render(shown)
    headers = NOT_KEPT | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
    headers |= {"X-Content-Type-Options": "nosniff", "Content-Language": lang}
    return Response(text.strip(), media_type="image/svg+xml", headers=headers)


@router.get("/api/permits/clips/{excavation}/picture.png", response_class=Response)
@costs("heavy")
async def picture_png(request: Request, excavation: Excavation, caller: Contractor) -> Response:
    """The same as a PNG, 960 wide, for who cannot open an SVG."""
    lang, zone = language_of(request), zone_of(request)
    found = await tickets.clip(request.app.state.pool, caller, excavation)
    mark = drawable(tickets.mark_of(found, caller, lang, zone))
    bar = bar_of(float(found["drawn"]["height"]))
    made = await run_in_threadpool(png, found, mark, bar, lang)
    headers = NOT_KEPT | {"X-Content-Type-Options": "nosniff", "Content-Language": lang}
    return Response(made, media_type="image/png", headers=headers)


@router.get("/permits/clips", response_class=HTMLResponse)
async def tickets_page(request: Request, caller: Knower) -> HTMLResponse:
    """The tickets as a page."""
    rows = await tickets.held(request.app.state.pool, caller)
    return page(request, "permits/clips.html", caller=caller, rows=rows)


@router.get("/permits/clips/{excavation}", response_class=HTMLResponse)
async def clip_page(request: Request, excavation: Excavation, caller: Contractor) -> HTMLResponse:
    """The clip as a sheet to look at and to print."""
    lang = language_of(request)
    found = await tickets.clip(request.app.state.pool, caller, excavation)
    shown = _shown(found, caller, lang, zone_of(request), alone=False)
    columns = {column.name: column for column in layers()["gas_pipelines"].columns}
    return page(
        request,
        "permits/clip.html",
        caller=caller,
        said=lambda name, value: columns[name].said(value, lang) if value else "–",
        **shown,
    )


def _shown(
    found: dict[str, Any], caller: Caller, lang: str, zone: str | None, *, alone: bool = True
) -> dict[str, Any]:
    """What the page and the picture show."""
    height = float(found["drawn"]["height"])
    beneath = caption(found, lang, alone=alone)
    return {
        "clip": found,
        "mark": drawable(tickets.mark_of(found, caller, lang, zone)),
        "scale": round(HEIGHT / height, 6),
        "bar": bar_of(height),
        "caption": beneath,
        "line": LINE,
        "tall": HEIGHT + room(beneath),
        "ends_on": date.fromisoformat(found["ends_on"]),
    }
