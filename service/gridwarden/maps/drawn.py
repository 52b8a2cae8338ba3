"""Maps read, counted, drawn and worded in one piece, which helpers do beside the service.

Each function here is work for `access.limits.Aside`: what goes in is who asks and for what, what
comes out is ready to be shown. No cell passes through the process that answers everybody.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.maps.cells import WITHHELD, Cell, Heat, heat, measured
from gridwarden.maps.context import checked_measure, heat_context
from gridwarden.maps.embeds.links import hash_of, holds
from gridwarden.maps.embeds.making import Made, Q, Wanted, make
from gridwarden.maps.embeds.picture import picture
from gridwarden.maps.embeds.showing import context, shown
from gridwarden.maps.extent import Box, in_box
from gridwarden.maps.ground import backdrop
from gridwarden.maps.view import view
from gridwarden.settings import Settings

MODULE: Final = __name__
STATES: Final = ("counted", "no_data", "withheld")
Context = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which cells, measured how, as known at which moment (now)."""

    system: str
    measure: str
    at: datetime | None = None


async def heat_page(
    pool: Pool, settings: Settings, caller: Caller, wish: Wish, lang: str, said_at: str | None
) -> Context:
    """What `maps/heat.html` is given. Raises Problem as `heat` does."""
    found = await heat(pool, caller, wish.system, settings, names=True, at=wish.at)
    checked_measure(wish.measure, found)
    ground = await backdrop(pool, caller, settings)
    linked = caller.role != "viewer"

    def drawn() -> Context:
        seen = view(found, wish.measure, ground, settings, lang, linked=linked)
        told = heat_context(seen, settings, lang, said_at)
        return told | {"view": seen.spoken, "cut_off": found.cut_off, "dates": seen.spoken.heat}

    return await run_in_threadpool(drawn)


async def cells(
    pool: Pool, settings: Settings, caller: Caller, wish: Wish, box: Box | None
) -> bytes:
    """The cells as GeoJSON, those whose middle lies in the box. Raises Problem as `heat` does."""
    found = await heat(pool, caller, wish.system, settings, at=wish.at)
    checked_measure(wish.measure, found)

    def written() -> bytes:
        collection = as_geojson(found, wish.measure, settings)
        if box:
            collection["features"] = [
                feature
                for feature, cell in zip(collection["features"], found.cells, strict=True)
                if in_box(cell.centre, box)
            ]
        return json.dumps(collection, ensure_ascii=False).encode("utf-8", "replace")

    return await run_in_threadpool(written)


async def embed_made(pool: Pool, settings: Settings, caller: Caller, wanted: Wanted) -> Made:
    """A new embed. Raises Problem as `make` does."""
    return await make(pool, caller, wanted, settings)


async def embed_page(
    pool: Pool, settings: Settings, token: str, *, narrowed: bool
) -> tuple[list[str], str, Context] | None:
    """The sites that may frame an embed, its language and what `maps/embed.html` is given; None
    for a link that shows nothing."""
    frozen = await _frozen(pool, settings, token, narrowed=narrowed)
    if frozen is None:
        return None

    def drawn() -> Context:
        seen = shown(frozen, settings)
        told = context(frozen, seen, settings)
        return told | {"view": seen.spoken, "dates": seen.spoken.heat}

    return frozen["sites"], frozen["language"], await run_in_threadpool(drawn)


async def embed_picture(
    pool: Pool, settings: Settings, token: str, *, narrowed: bool
) -> bytes | None:
    """An embed as a PNG; None for a link that shows nothing."""
    frozen = await _frozen(pool, settings, token, narrowed=narrowed)
    return None if frozen is None else await run_in_threadpool(picture, frozen, settings)


async def _frozen(pool: Pool, settings: Settings, token: str, *, narrowed: bool) -> Context | None:
    """What the link shows; None for one that is not ours, has ended, or asks for another part
    than it fixes (`narrowed`).

    Each of these takes the same steps: the database is asked for every link, whoever signed it.
    """
    good = holds(settings, token) and not narrowed
    hashed = hash_of(token)
    async with as_caller(pool, Caller("embed", f"embed {hashed.hex()[:8]}")) as c:
        row = await (await c.execute(Q["shown"], {"hash": hashed})).fetchone()
    return row[0] if good and row else None


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
