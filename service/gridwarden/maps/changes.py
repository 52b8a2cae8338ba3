"""`/findings/changes`: why there are more or fewer findings than there were, as a page."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from psycopg import AsyncConnection
from starlette.responses import HTMLResponse

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller, queries
from gridwarden.layers.catalogue import layers
from gridwarden.layers.past import go_back
from gridwarden.maps.names import names_of
from gridwarden.maps.view import family_words, subject_words
from gridwarden.screening.changes import BESIDE, FILTERS, PARTS, ChangesQuery, changes
from gridwarden.screening.changes import changes_query as query
from gridwarden.screening.earlier import cause_words
from gridwarden.screening.listing import COMPARING
from gridwarden.settings import Settings
from gridwarden.words import language_of
from gridwarden.words.page import page

Q: Final = queries(__package__ or "gridwarden.maps", "findings.sql")
router = APIRouter(tags=["maps"])
PARAMETERS: Final = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
    for name in ("from", "to", *FILTERS)
]


@router.get(
    "/findings/changes", response_class=HTMLResponse, openapi_extra={"parameters": PARAMETERS}
)
async def changes_page(
    request: Request, caller: Annotated[Caller, allow(*COMPARING)]
) -> HTMLResponse:
    """The number then and now, the four parts between them, and the findings of each part."""
    settings: Settings = request.app.state.settings
    lang = language_of(request)
    given = {name: value for name, value in request.query_params.multi_items() if value}
    asked = found = None
    if given.keys() - {"lang"}:
        asked = query(request.query_params.multi_items(), settings.time_zone)
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        if asked is not None:
            found = await changes(c, caller, asked)
        districts = await (await c.execute(Q["districts"])).fetchall()
        families = await (await c.execute(Q["families"])).fetchall()
        lists = await _worded(c, caller, asked, found, lang) if asked and found else []
    return page(
        request,
        "maps/changes.html",
        caller=caller,
        wanted={name: given.get(name) for name in ("from", "to", *FILTERS)},
        asked=asked,
        found=found,
        lists=lists,
        parts=PARTS,
        districts=[(str(number), name) for number, name in districts],
        district_names=dict(districts),
        families=[(row[0], family_words(row[0], lang)) for row in families],
        layers=[(one.id, one.title.in_(lang)) for one in layers().values()],
    )


async def _worded(
    c: AsyncConnection[Any],
    caller: Caller,
    asked: ChangesQuery,
    found: dict[str, Any],
    lang: str,
) -> list[dict[str, Any]]:
    """The lists with their rows' subjects as they were called when they last counted."""
    together = {**found["parts"], **found["beside"]}
    rows = [row for name in (*PARTS, *BESIDE) for row in together[name]["items"]]
    keys = ("id", "layer", "subject_id", "family", "severity", "certainty")
    named: dict[int, str] = {}
    known = layers()
    for at in (asked.since, asked.until):
        await go_back(c, at, "features")
        people = await names_of(
            c, caller.role, [tuple(r[k] for k in keys) for r in rows], past=True
        )
        for row, one in zip(rows, people, strict=True):
            if one.name or id(row) not in named:
                named[id(row)] = subject_words(one, lang, known)
    return [
        {
            "name": name,
            **together[name],
            "items": [
                row
                | {
                    "subject": named[id(row)],
                    "family_title": family_words(row["family"], lang),
                    "at": datetime.fromisoformat(row["at"]),
                    "by": cause_words(row.get("cause"), lang) or "–",
                }
                for row in together[name]["items"]
            ],
        }
        for name in (*PARTS, *BESIDE)
    ]
