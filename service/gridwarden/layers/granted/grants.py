"""Exact mains that a bureau opened to one planner: give, list, end, read."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from psycopg.rows import dict_row

from gridwarden.access.named import district_called
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.layers.granted", "granted.sql")
PAGE: Final = 500


async def listed(pool: Pool, caller: Caller) -> list[dict[str, Any]]:
    """The newest thousand that the caller may know of, newest first."""
    async with as_caller(pool, caller) as c, c.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(Q["listed"])).fetchall()


async def give(
    pool: Pool, caller: Caller, *, person: str, district: str, why: str, hours: int
) -> int:
    """Grant the exact mains of a district (number, code or name) to one planner; its number.

    Raises Problem `not_found`, `conflict`.
    """
    async with as_caller(pool, caller) as c:
        number = await district_called(c, district, "district")
        values = {"person": person, "district": number, "why": why, "hours": hours}
        row = await (await c.execute(Q["give"], values)).fetchone()
    assert row is not None
    return int(row[0])


async def end(pool: Pool, caller: Caller, number: int) -> None:
    """End a grant of one's own districts before its time. Raises Problem `not_found`."""
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["end"], {"number": number})).fetchone()
    if not row or not row[0]:
        raise Problem("not_found", "granted.none", field="number")


@dataclass(frozen=True, slots=True)
class Page:
    """Mains as GeoJSON features, whose copy they are, and after which main it goes on."""

    features: list[Any]
    copy: str | None
    last: int | None


async def mains(pool: Pool, caller: Caller, settings: Settings, after: int) -> Page:
    """A page of the mains that the caller's grants open; each look is recorded, and all pages of a
    day carry the mark of one numbered copy. Raises Problem `not_found` where no grant holds.
    """
    values = {"after": after, "most": PAGE}
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["mains"], values)).fetchone()
    if not row or row[0] is None:
        raise Problem("not_found", "granted.no_grant")
    told = row[0]
    last = told["last"] if len(told["features"]) == PAGE else None
    if not told["features"]:
        return Page([], None, last)
    from gridwarden.layers.granted.marking import marked  # reads shapes: not for every command

    features, copy = await asyncio.to_thread(marked, told, caller, settings)
    return Page(features, copy, last)


async def cells(pool: Pool, caller: Caller, timeout_ms: int) -> dict[str, Any]:
    """The 500 m squares in which mains lie, as GeoJSON: `mains` is `few` (under 0.5 km), `some`
    (under 2 km) or `many`, `pressure_class` the highest that is on record there.
    """
    async with as_caller(pool, caller, timeout_ms) as c:
        rows = await (await c.execute(Q["cells"])).fetchall()
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": f"square-500/{column}/{row}",
                "geometry": shape,
                "properties": {"mains": mains, "pressure_class": highest},
            }
            for column, row, mains, highest, shape in rows
        ],
    }
