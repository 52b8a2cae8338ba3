"""`/findings`: the rows behind a figure of the map, as a page."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from starlette.responses import HTMLResponse

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller, queries
from gridwarden.layers.age import freshness, source_line
from gridwarden.layers.catalogue import layers
from gridwarden.layers.past import then
from gridwarden.maps.names import names_of
from gridwarden.maps.view import family_words, subject_words
from gridwarden.screening.listing import LISTING, list_findings
from gridwarden.screening.parameters import page_query
from gridwarden.settings import Settings
from gridwarden.words import language_of
from gridwarden.words.page import page

Q: Final = queries(__package__ or "gridwarden.maps", "findings.sql")
router = APIRouter(tags=["maps"])
ROWS: Final = 50
SHOWN: Final = ("distance_band", "distance_m", "required_m", "clause", "edition", "verified")
"""What a row may lack, because it has none or its reader may not see it."""
NAMES: Final = (
    *("cell", "district", "family", "severity", "certainty", "rule", "layer", "at", "after"),
)
PARAMETERS: Final = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in NAMES
]


async def worded(
    c: AsyncConnection[Any],
    role: str,
    items: Sequence[dict[str, Any]],
    lang: str,
    *,
    past: bool = False,
) -> list[dict[str, Any]]:
    """The rows with their subjects' names and the words of layer and family."""
    keys = ("id", "layer", "subject_id", "family", "severity", "certainty")
    named = await names_of(c, role, [tuple(item[k] for k in keys) for item in items], past=past)
    known = layers()
    return [
        dict.fromkeys(SHOWN)
        | item
        | {
            "first_seen": datetime.fromisoformat(item["first_seen"]),
            "subject": subject_words(one, lang, known),
            "layer_title": known[one.layer].title.in_(lang)
            if one.layer in known and one.subject_id is not None
            else "",
            "family_title": family_words(one.family, lang),
        }
        for item, one in zip(items, named, strict=True)
    ]


@router.get("/findings", response_class=HTMLResponse, openapi_extra={"parameters": PARAMETERS})
async def findings_page(
    request: Request, caller: Annotated[Caller, allow(*LISTING)]
) -> HTMLResponse:
    """Findings, most severe first, 50 a page, filtered as `GET /api/findings` is."""
    settings: Settings = request.app.state.settings
    lang = language_of(request)
    asked = page_query(request.query_params.multi_items(), caller.role, ROWS, settings.time_zone)
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        found = await list_findings(c, caller, asked, settings.crs, counted=True)
        rows = await worded(c, caller.role, found.items, lang, past=asked.at is not None)
        districts = await (await c.execute(Q["districts"])).fetchall()
        families = await (await c.execute(then(Q["families"], asked.at))).fetchall()
        async with c.cursor(row_factory=dict_row) as cursor:
            dates = await (await cursor.execute(then(Q["dates"], asked.at))).fetchone()
        fresh = await freshness(c)
    names, narrowed = dict(districts), asked.narrowed()
    return page(
        request,
        "maps/findings.html",
        caller=caller,
        rows=[row | {"district": names.get(row["district_id"])} for row in rows],
        total=found.total,
        wanted=dict.fromkeys(NAMES) | narrowed,
        narrowed=bool(narrowed),
        filters=urlencode(narrowed),
        present=replace(asked, at=None, after=(0, 0)).page(),
        next_page=asked.page(found.after) if found.after else None,
        first_page=asked.page() if asked.after[1] else None,
        districts=[(str(number), name) for number, name in districts],
        families=[(row[0], family_words(row[0], lang)) for row in families],
        dates=dates,
        fresh_line=source_line(fresh, lang),
        as_of=asked.at,
    )
