"""The table and the years in the database: put there by `gridwarden up`, changed by an office."""

from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.database.addresses import owner_dsn
from gridwarden.hazards.deadlines import calendar, table
from gridwarden.settings import Settings

Q: Final = queries(__package__ or "gridwarden.hazards.deadlines", "deadlines.sql")
Connection = AsyncConnection[TupleRow]


async def ensure_deadlines(settings: Settings) -> None:
    """Begin with the shipped table where there is none, and tell the library's years.

    On the machine itself, as the database's owner; what an office told is left as it is.
    """
    async with await AsyncConnection.connect(owner_dsn(settings)) as c:
        await c.execute(Q["named"], {"person": "gridwarden up"})
        begun = await (await c.execute(Q["begun"])).fetchone()
        if begun is None or not begun[0]:
            await _set_table(c, table.shipped())
        rows = await (await c.execute(Q["told"])).fetchall()
        told = {int(year): str(source) for year, source in rows}
        source = calendar.library()
        for year, days in calendar.library_years().items():
            if told.get(year) != source:
                await _set_year(c, year, source, "library", days)


async def load_table(pool: Pool, caller: Caller, text: str) -> int:
    """Put an office's table in force; its version. Raises Problem for what does not fit."""
    async with as_caller(pool, caller) as c:
        return await _set_table(c, text)


async def load_year(pool: Pool, caller: Caller, text: str) -> calendar.Year:
    """Tell the holidays of a year; in the place of the library's. Raises Problem."""
    year = calendar.read_year(text)
    async with as_caller(pool, caller) as c:
        await _set_year(c, year.year, year.source, "office", year.days())
    return year


async def in_force(c: Connection) -> dict[str, Any]:
    """The table in force and the years that are known, in a caller's open transaction."""
    row = await (await c.execute(Q["deadlines"])).fetchone()
    assert row is not None
    document: dict[str, Any] = row[0]
    return document


async def due(
    c: Connection, grade: str, family: str | None, begins: datetime
) -> tuple[datetime | None, bool]:
    """When a case is due that begins at a moment, and whether that year's holidays are known."""
    values = {"grade": grade, "family": family, "begins": begins}
    row = await (await c.execute(Q["due"], values)).fetchone()
    assert row is not None
    return row[0], bool(row[1])


async def _set_table(c: Connection, text: str) -> int:
    document = Jsonb(table.read(text).document())
    row = await (
        await c.execute(Q["set_deadlines"], {"said": text, "document": document})
    ).fetchone()
    assert row is not None
    return int(row[0])


async def _set_year(
    c: Connection, year: int, source: str, told_by: str, days: list[dict[str, Any]]
) -> None:
    values = {"year": year, "source": source, "told_by": told_by, "days": Jsonb(days)}
    await c.execute(Q["set_calendar"], values)
