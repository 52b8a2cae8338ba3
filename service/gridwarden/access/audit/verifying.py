"""The trail that is in the database, held against its seals and against heads kept outside."""

from collections.abc import Iterable
from typing import Final

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow, class_row

from gridwarden.access.audit.chain import Seal
from gridwarden.access.audit.checking import Checked, Checker
from gridwarden.access.audit.heads import Head
from gridwarden.access.audit.sealing import ROWS as Q
from gridwarden.database import Caller, Pool, as_caller

SEALS: Final = 50
"""Seals that are read at once: at most 250,000 rows."""
TIMEOUT_MS: Final = 600_000
MOST: Final = 1_000
LINES: Final = sql.SQL(Q["rows"]).format(line=sql.SQL(Q["line"]))


async def verify(pool: Pool, caller: Caller, heads: Iterable[Head] = ()) -> Checked:
    """Check the whole trail, as the auditor. Sealing may go on meanwhile."""
    checker = Checker(list(heads))
    async with as_caller(pool, caller, TIMEOUT_MS) as c:
        after = 0
        while seals := await seals_after(c, after):
            after = seals[-1].number
            lines = await lines_of(c, seals)
            for seal in seals:
                checker.seal(seal, lines.get(seal.number, []))
        for number, late in await (await c.execute(Q["others"], {"n": MOST})).fetchall():
            if late:
                checker.found.unsealed += 1
            else:
                checker.found.wrong("inserted", None, number)
        row = await (await c.execute(Q["young"])).fetchone()
        assert row is not None
        checker.found.unsealed += row[0]
    return checker.end()


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
