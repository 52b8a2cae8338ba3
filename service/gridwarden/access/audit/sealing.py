"""Rows of the audit become a chain: range after range, each with the head of the one before.

Rows are appended plainly, in the transactions that they tell of. Ids are given out before their
transaction ends, so a missing id is a row that is still to come, one that was rolled back, or one
that somebody removed. The first two are told apart by the lock that whoever takes an id holds until
its end: a seal says which ids it holds, which never were (`void`) and which may still come
(`waiting`; they are sealed when they do). Nobody waits for a long transaction.
"""

from datetime import UTC, datetime
from typing import Final

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from gridwarden.access.audit.chain import NOTHING, Seal, sealed
from gridwarden.database import Caller, Pool, as_caller, queries

Q = queries(__package__ or "gridwarden.access.audit", "sealing.sql")
ROWS = queries(__package__ or "gridwarden.access.audit", "rows.sql")
SEALER: Final = Caller("seal", "sealer")
MOST: Final = 5_000
"""Rows of one seal, besides late ones."""
TIMEOUT_MS: Final = 60_000
DUE: Final = sql.SQL(Q["due"]).format(line=sql.SQL(ROWS["line"]))


async def seal_all(pool: Pool, at: datetime | None = None) -> int:
    """Seal what is committed; returns how many seals were made. `pool` is the worker's.

    `at` is the moment that the seals bear, now where none is given.
    """
    made = 0
    while await seal_some(pool, at) is not None:
        made += 1
    return made


async def seal_some(pool: Pool, at: datetime | None = None) -> Seal | None:
    """Make one seal, in one transaction; None where there is nothing to seal, or another sealer."""
    async with as_caller(pool, SEALER, TIMEOUT_MS) as c:
        alone = await _one(c, "alone")
        if not alone[0]:
            return None
        newest = await (await c.execute(Q["newest"])).fetchone()
        number, before, upto = newest if newest else (0, NOTHING, 0)
        top = (await _one(c, "top", upto=upto, n=MOST))[0]
        if top is None and not (await _one(c, "waiting"))[0]:
            return None
        moment = at or datetime.now(UTC)
        return await _sealed(c, (number + 1, moment), bytes(before), upto, max(upto, top or 0))


async def _sealed(
    c: AsyncConnection[TupleRow], of: tuple[int, datetime], before: bytes, upto: int, top: int
) -> Seal | None:
    # In this order: whoever took an id up to `top` has ended, and is seen below, or holds now.
    holders = (await _one(c, "holders"))[0]
    row = await (await c.execute(DUE, {"upto": upto, "top": top})).fetchone()
    assert row is not None
    ids, rows, leaves = row
    open_ids = {"ids": ids, "upto": upto, "top": top, "holders": holders}
    waiting, void = await _one(c, "resolved", **open_ids)
    if not rows and void == "{}":
        return None
    seal = sealed(*of, top, (ids, void, waiting), bytes(leaves), before)
    await c.execute(
        Q["seal"],
        {name: getattr(seal, name) for name in Seal.__slots__},
    )
    return seal


async def _one(c: AsyncConnection[TupleRow], name: str, **values: object) -> TupleRow:
    row = await (await c.execute(Q[name], values)).fetchone()
    assert row is not None
    return row
