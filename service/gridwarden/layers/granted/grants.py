"""Exact mains that a bureau opened to one planner: give, list, end, read."""

from typing import Any, Final

from psycopg.rows import dict_row

from gridwarden.access.named import district_called
from gridwarden.database import Caller, Pool, as_caller, queries
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


async def mains(pool: Pool, caller: Caller, after: int) -> tuple[list[Any], int | None]:
    """A page of the mains that the caller's grants open, as GeoJSON features, and what to go on
    after; each look is recorded. Raises Problem `not_found` where no grant holds.
    """
    values = {"after": after, "most": PAGE}
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["mains"], values)).fetchone()
    if not row or row[0] is None:
        raise Problem("not_found", "granted.no_grant")
    features = row[0]["features"]
    return features, row[0]["last"] if len(features) == PAGE else None
