"""Asking for a bulk export of exact mains, and the second person who approves or rejects it."""

from typing import Any, Final

from psycopg.rows import dict_row

from gridwarden.access.audit.seeing import MAINS
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.layers.catalogue import layers
from gridwarden.layers.export.content import of_layer
from gridwarden.layers.export.copies import length_of, sayable
from gridwarden.layers.features.crs import CRS84, crs_of
from gridwarden.layers.features.items import look_first
from gridwarden.layers.features.parameters import LEAST_WHY, MOST_WHY, windows
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.layers.export", "requests.sql")
ASKERS: Final = ("utility", "supervisor")
LEAST, MOST = LEAST_WHY, MOST_WHY
KINDS: Final = {"none": "not_found", "decided": "conflict", "one_hand": "forbidden"}


async def ask(
    pool: Pool, caller: Caller, settings: Settings, why: str, bbox: str = ""
) -> dict[str, Any]:
    """Ask for the mains that the caller sees, or those that touch a box (degrees).

    Returns the request. Raises Problem `invalid_value` for a reason that is none, or a box.
    """
    reason = why.strip()
    if not LEAST <= len(reason) <= MOST or not sayable(reason):
        raise Problem("invalid_value", "copies.bad_why", field="why", least=LEAST, most=MOST)
    degrees = crs_of(CRS84, "bbox", settings.crs)
    boxes = windows(bbox, degrees, settings.crs) if bbox else None
    one = layers()[MAINS]
    async with as_caller(pool, caller, settings.statement_timeout_ms) as c:
        await look_first(c, caller, one, "asking for a bulk export")
        km, _ = await length_of(c, of_layer(one, settings.crs, boxes))
        values = {"layer": one.id, "part": bbox, "km": km, "why": reason}
        row = await (await c.execute(Q["ask"], values)).fetchone()
    assert row is not None
    return (await requests(pool, caller, row[0]))[0]


async def requests(pool: Pool, caller: Caller, number: int | None = None) -> list[dict[str, Any]]:
    """The requests that the caller may see, newest first, or the one of this number."""
    async with as_caller(pool, caller) as c, c.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(Q["requests"], {"id": number})).fetchall()


async def decide(
    pool: Pool, caller: Caller, settings: Settings, number: int, *, approve: bool, why: str
) -> dict[str, Any]:
    """Approve or reject somebody else's request; the database holds that it is another person.

    Raises Problem: `not_found`, `conflict` where it is decided, `forbidden` for one's own.
    """
    if not sayable(why):
        raise Problem("invalid_value", "copies.bad_why", field="why", least=0, most=MOST)
    values = {"request": number, "approve": approve, "why": why[:MOST]}
    async with as_caller(pool, caller) as c:
        row = await (
            await c.execute(Q["decide"], values | {"hours": settings.export_hours})
        ).fetchone()
    assert row is not None
    if row[0] in KINDS:
        raise Problem(KINDS[row[0]], f"copies.{row[0]}", field="request", request=number)
    return (await requests(pool, caller, number))[0]
