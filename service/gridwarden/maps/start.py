"""`/`: what is loaded, what is missing, and what to do next, read from the data each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row
from starlette.responses import HTMLResponse

from gridwarden import __version__
from gridwarden.access import allow
from gridwarden.database import ADMINISTRATORS, ASKERS, OFFICE, Caller, as_caller, queries
from gridwarden.layers.age import Freshness, freshness, source_line
from gridwarden.layers.catalogue import Layer, layers
from gridwarden.maps.told import Q as TOLD
from gridwarden.maps.told import weights_of
from gridwarden.screening.listing import LISTING
from gridwarden.settings import Settings
from gridwarden.words import language_of
from gridwarden.words.figures import amount
from gridwarden.words.page import page

Q: Final = queries(__package__ or "gridwarden.maps", "start.sql")
router = APIRouter(tags=["maps"])
SEEING: Final = (*OFFICE, "administrator")
"""Roles that may know what is loaded."""
NEEDED: Final = (
    "gas_pipelines",
    "coverage",
    "districts",
    "buildings",
    "construction_sites",
    "estates",
    "charging_sheds",
    "organisations",
)
"""Layers whose absence makes an answer weaker; `start.missing.<layer>` says how."""


PARTS: Final = (
    ("Leaflet", "BSD-2-Clause", "/assets/leaflet/LICENSE"),
    ("Folium, branca", "MIT", None),
    ("PostgreSQL", "PostgreSQL", None),
    ("PostGIS", "GPL-2.0-or-later", None),
    ("FastAPI, Starlette, Jinja2", "MIT, BSD-3-Clause", None),
)
"""What the pages show and stand on; the licences' texts come with the packages."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One layer: its datasets, and how many rows the caller may read (None: not for the role)."""

    id: str
    title: str
    rows: int | None
    datasets: tuple[Mapping[str, Any], ...]
    """Those that the caller may know by name: of mains, a company's own."""
    there: bool
    """Whether anybody's data are loaded."""
    published_at: datetime | None
    """The newest publication."""
    on_request: bool
    """Whether the caller may read the rows, but only by a look that is recorded: not here."""


@router.get("/", response_class=HTMLResponse)
async def start_page(
    request: Request, caller: Annotated[Caller, allow(*ASKERS, *ADMINISTRATORS)]
) -> HTMLResponse:
    """What is loaded, what is missing, and what to do next, for this caller."""
    settings: Settings = request.app.state.settings
    lang = language_of(request)
    loaded: list[Loaded] = []
    screened: Mapping[str, Any] | None = None
    findings: dict[str, int] | None = None  # withheld
    uncallable = 0
    fresh: Freshness | None = None
    if caller.role in SEEING:
        async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
            loaded = await _loaded(c, caller, lang)
            screened = await (
                await c.cursor(row_factory=dict_row).execute(Q["screened"])
            ).fetchone()
            fresh = await freshness(c)
            if caller.role != "administrator":
                own = caller.role in LISTING
                source = Q["findings_of_own"] if own else TOLD["told_severities"]
                rows = await (await c.execute(source, {"weights": weights_of(settings)})).fetchall()
                findings = {row[0]: row[1] for row in rows}
            if caller.role in layers()["organisations"].readers:
                row = await (await c.execute(Q["uncallable"])).fetchone()
                uncallable = row[0] if row else 0
    return page(
        request,
        "maps/start.html",
        caller=caller,
        loaded=[one for one in loaded if one.there],
        findings=findings,
        dates=screened,
        fresh=fresh if fresh and fresh.age_days is not None else None,
        fresh_line=source_line(fresh, lang) if fresh else None,
        layer_titles={one.id: one.title.in_(lang) for one in layers().values()},
        todo=todo(loaded, screened, uncallable),
        seeing=caller.role in SEEING,
        listing=caller.role in LISTING,
    )


@router.get("/about", response_class=HTMLResponse)
async def about_page(
    request: Request, caller: Annotated[Caller, allow(*ASKERS, *ADMINISTRATORS)]
) -> HTMLResponse:
    """What this software is made of, and under which licences."""
    return page(request, "maps/about.html", caller=caller, version=__version__, parts=PARTS)


async def _loaded(c: AsyncConnection[Any], caller: Caller, lang: str) -> list[Loaded]:
    cursor = await c.cursor(row_factory=dict_row).execute(Q["datasets"])
    datasets = await cursor.fetchall()
    published = dict(await (await c.execute(Q["loaded"])).fetchall())
    found = []
    for one in layers().values():
        own = tuple(d for d in datasets if d["layer"] == one.id)
        there = one.id in published
        scope = one.readers.get(caller.role)
        # without a look the view is empty, and a nought would be false
        rows = await _count(c, one) if there and scope in ("all", "own") else None
        title, at = one.title.in_(lang), published.get(one.id)
        found.append(Loaded(one.id, title, rows, own, there, at, scope == "look"))
    return found


async def _count(c: AsyncConnection[Any], layer: Layer) -> int:
    statement = sql.SQL("select count(*) from {}").format(sql.Identifier("api", layer.id))
    row = await (await c.execute(statement)).fetchone()
    return int(row[0]) if row else 0


def todo(
    loaded: Sequence[Loaded], screened: Mapping[str, Any] | None, uncallable: int
) -> list[tuple[str, dict[str, object]]]:
    """What is missing, most hindering first: catalogue keys and their parameters."""
    if screened is None:
        return []
    there = {one.id for one in loaded if one.there}
    if not there:
        return [("start.nothing", {})]
    found: list[tuple[str, dict[str, object]]] = [
        (f"start.missing.{layer}", {}) for layer in NEEDED if layer not in there
    ]
    if screened["screened_at"] is None:
        found.append(("start.never_screened", {}))
    elif screened["waiting"]:
        found.append(("start.waiting", {}))
    if uncallable:
        found.append(("start.uncallable", {"n": amount(uncallable)}))
    return found
