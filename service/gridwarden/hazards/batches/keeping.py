"""Batches and what is in them, as one caller may see them; each refusal in words."""

from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb

from gridwarden.hazards.batches.kinds import Q
from gridwarden.hazards.cases.moving import refusal_of
from gridwarden.words.problems import Problem

Connection = AsyncConnection[TupleRow]


async def rows(c: Connection, name: str, **values: object) -> list[dict[str, Any]]:
    """What one named statement gives."""
    async with c.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(Q[name], values)).fetchall()


async def kinds(c: Connection) -> list[dict[str, Any]]:
    """The kinds with their totals: batches, entries, cases, units, money."""
    totals = {row["kind"]: row for row in await rows(c, "totals")}
    return [one | {"total": totals[one["code"]]} for one in await rows(c, "kinds")]


async def batches(
    c: Connection, kind: str | None = None, batch: int | None = None
) -> list[dict[str, Any]]:
    """The batches of a kind, or of all, the newest day first."""
    return await rows(c, "batches", kind=kind, batch=batch)


async def one_batch(c: Connection, batch: int) -> dict[str, Any]:
    """One batch with its entries. Raises Problem `not_found`."""
    found = await batches(c, batch=batch)
    if not found:
        raise Problem("not_found", "batches.none", field="batch")
    return found[0] | {"entries": await rows(c, "entries", batch=batch)}


async def make(c: Connection, said: dict[str, Any]) -> int:
    """Make a batch; its number. Raises Problem."""
    return int(await _asked(c, "make", {"said": Jsonb(said)}))


async def fill(c: Connection, batch: int, items: list[dict[str, Any]]) -> int:
    """Put cases and units into a batch, all or none; how many are new. Raises Problem."""
    return int(await _asked(c, "fill", {"batch": batch, "items": Jsonb(items)}))


async def take(c: Connection, batch: int, entry: int, why: str) -> None:
    """Take an entry out; it stays to be seen, with the reason. Raises Problem."""
    await _asked(c, "take", {"batch": batch, "entry": entry, "why": why})


async def _asked(c: Connection, name: str, values: dict[str, Any]) -> Any:
    try:
        row = await (await c.execute(Q[name], values)).fetchone()
    except psycopg.Error as error:
        raise refusal_of(error) from error
    assert row is not None
    return row[0]
