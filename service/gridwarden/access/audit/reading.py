"""Seals and the lines of their rows, as they are in the database, some at a time."""

from typing import Final

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow, class_row

from gridwarden.access.audit.chain import Seal
from gridwarden.access.audit.sealing import ROWS as Q

__all__ = ["Q", "lines_of", "seals_after"]
SEALS: Final = 50
"""Seals that are read at once: at most 250,000 rows."""
LINES: Final = sql.SQL(Q["rows"]).format(line=sql.SQL(Q["line"]))


async def seals_after(c: AsyncConnection[TupleRow], number: int, n: int = SEALS) -> list[Seal]:
    """Some seals behind the one of this number."""
    async with c.cursor(row_factory=class_row(Seal)) as cursor:
        return await (await cursor.execute(Q["seals"], {"first": number + 1, "n": n})).fetchall()


async def lines_of(
    c: AsyncConnection[TupleRow], seals: list[Seal]
) -> dict[int, list[tuple[int, str]]]:
    """The rows of consecutive seals: ids and lines, by seal."""
    values = {"first": seals[0].number, "last": seals[-1].number}
    found: dict[int, list[tuple[int, str]]] = {}
    for number, row, line in await (await c.execute(LINES, values)).fetchall():
        found.setdefault(number, []).append((row, line))
    return found
