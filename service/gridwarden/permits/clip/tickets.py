"""Tickets that are given to contractors: who holds one, and the mains within it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from psycopg.rows import dict_row

from gridwarden.access.named import organisation_called
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.words import say
from gridwarden.words.figures import when
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.permits.clip", "clip.sql")
UNSEEN: Final = ("area", "drawn", "mains")


async def held(pool: Pool, caller: Caller) -> list[dict[str, Any]]:
    """The tickets that a contractor holds; to others those that they gave."""
    async with as_caller(pool, caller) as c, c.cursor(row_factory=dict_row) as cursor:
        return list(await (await cursor.execute(Q["held"])).fetchall())


async def give(pool: Pool, caller: Caller, excavation: int, contractor: str) -> None:
    """Give an excavation's ticket to a contractor (its number, code or name), until its last day.

    Raises Problem `not_found` and `conflict`.
    """
    async with as_caller(pool, caller) as c:
        org = await organisation_called(c, contractor, "contractor")
        await c.execute(Q["give"], {"excavation": excavation, "org": org})


async def end(pool: Pool, caller: Caller, excavation: int, contractor: str | None) -> None:
    """Take back what the caller gave, from one contractor or all. Raises Problem `not_found`."""
    async with as_caller(pool, caller) as c:
        org = await organisation_called(c, contractor, "contractor") if contractor else None
        row = await (await c.execute(Q["end"], {"excavation": excavation, "org": org})).fetchone()
    if not row or not row[0]:
        raise _none()


async def clip(pool: Pool, caller: Caller, excavation: int) -> dict[str, Any]:
    """The mains within the caller's ticket, as api.clip gives them; the look is on record.

    Raises Problem `not_found` where there is none, it is not the caller's, or it has ended.
    """
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["clip"], {"excavation": excavation})).fetchone()
    if not row or row[0] is None:
        raise _none()
    found: dict[str, Any] = row[0]
    return found


def mark_of(found: Mapping[str, Any], caller: Caller, lang: str, zone: str | None) -> str:
    """Ticket, account and time: what stands across every copy."""
    at = when(datetime.fromisoformat(found["at"]), lang=lang, zone=zone, year=True)
    ticket = found["code"] or found["ticket"]
    return say("clips.mark", lang, ticket=ticket, account=caller.person, at=at)


def geojson(
    found: Mapping[str, Any], caller: Caller, lang: str, zone: str | None
) -> dict[str, Any]:
    """The clip as GeoJSON, with its watermark and what it is not."""
    return {
        "type": "FeatureCollection",
        "watermark": mark_of(found, caller, lang, zone),
        **{k: v for k, v in found.items() if k not in UNSEEN},
        "say": say("clips.say", lang, reach=f"{found['reach_m']:g}"),
        "dig_area": found["area"],
        "features": [{k: v for k, v in one.items() if k != "d"} for one in found["mains"]],
    }


def _none() -> Problem:
    return Problem("not_found", "clips.none", field="excavation")
