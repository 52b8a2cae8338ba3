"""Listings as the database keeps them; each refusal in words."""

from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb

from gridwarden.database import queries
from gridwarden.hazards.cases.moving import refusal_of
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.hazards.listed", "listed.sql")
LEVELS: Final = ("county", "city", "province", "state")
STEPS: Final = ("progress", "decision", "escalated", "applied", "check_failed", "delisted")
DECISIONS: Final = ("stop", "stop_in_part", "no_stop")
LATE: Final = ("past_deadline", "decision_late", "progress_late", "goes_higher")
"""What may be late of a listing, computed each time it is read."""
Connection = AsyncConnection[TupleRow]


async def listings(
    c: Connection,
    *,
    still: bool | None = None,
    case: int | None = None,
    number: int | None = None,
) -> list[dict[str, Any]]:
    """The listings that the caller may see: `still` listed, or delisted; of one case; of a number.

    Those that stand come first, by their deadline.
    """
    values = {"open": still, "case": case, "id": number}
    async with c.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(Q["listed"], values)).fetchall()


async def listing(c: Connection, number: int) -> dict[str, Any]:
    """One listing with its steps, oldest first. Raises Problem `not_found`."""
    found = await listings(c, number=number)
    if not found:
        raise Problem("not_found", "listed.none", field="listing")
    async with c.cursor(row_factory=dict_row) as cursor:
        steps = await (await cursor.execute(Q["steps"], {"id": number})).fetchall()
    return found[0] | {"steps": steps}


async def list_case(c: Connection, case: int, said: dict[str, Any]) -> int:
    """Put a case under listed supervision; the listing's number. Raises Problem."""
    return int(await _asked(c, "list", {"case": case, "said": Jsonb(said)}))


async def step(
    c: Connection, number: int, expected: list[int] | None, what: str, said: dict[str, Any]
) -> int:
    """One step of a listing; its new version. Raises Problem: 404, 409, 412, 403."""
    values = {"id": number, "expected": expected, "step": what, "said": Jsonb(said)}
    return int(await _asked(c, "step", values))


async def _asked(c: Connection, name: str, values: dict[str, Any]) -> Any:
    try:
        row = await (await c.execute(Q[name], values)).fetchone()
    except psycopg.Error as error:
        raise refusal_of(error) from error
    assert row is not None
    return row[0]
