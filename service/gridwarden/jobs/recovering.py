"""Jobs whose runner died, or lost its database, are taken up again by whoever lives: none waits for
a person.

Whoever runs a job holds its lock, which ends with its connection. So a job that is being done and
whose lock nobody holds is nobody's, whatever the clock says and however short ago its runner lived.
"""

import asyncio
from collections.abc import Set
from typing import Any, Final

import procrastinate
import psycopg
from psycopg.rows import TupleRow

from gridwarden.database import Pool, as_caller, queries
from gridwarden.jobs.running import KEEPER
from gridwarden.words.telling import log

Q = queries(__package__ or "gridwarden.jobs", "recovering.sql")
LOOK_S: Final = 4.0
"""A job is nobody's when it was so at two looks, so long apart: one that has just been taken has no
lock yet."""
Lost = frozenset[int]
NONE: Final[Lost] = frozenset()


async def recover(app: procrastinate.App, pool: Pool, every_s: float = LOOK_S) -> None:
    """Take up again, for as long as this worker lives, what nobody does though it is to be done.

    A database that does not answer now (restarted, too busy) is asked again the next time.
    """
    left, unqueued = NONE, NONE
    while True:
        try:
            left = await _left(app, left)
            unqueued = await _unqueued(app, pool, unqueued)
        except (psycopg.Error, procrastinate.exceptions.ConnectorException) as error:
            log.error("recovery failed", error=type(error).__name__)
        await asyncio.sleep(every_s)


async def _left(app: procrastinate.App, before: Lost) -> Lost:
    """What the queue holds for being done and nobody does; that of two looks goes back into it."""
    now = frozenset(row["id"] for row in await _asked(app, "left"))
    if again := before & now:
        await _asked(app, "again", ids=list(again))
        log.warning("jobs taken up again", jobs=len(again))
    await _asked(app, "hurry")
    return now - again


async def _unqueued(app: procrastinate.App, pool: Pool, before: Lost) -> Lost:
    """Jobs that are to be done and that the queue has lost; those of two looks come back."""
    async with as_caller(pool, KEEPER) as connection:
        rows: list[TupleRow] = await (await connection.execute(Q["open"])).fetchall()
    kinds = {row[0]: row[1] for row in rows}
    now = frozenset(row["id"] for row in await _asked(app, "unqueued", ids=list(kinds)))
    for job in before & now:
        task = app.configure_task("gridwarden", lock=f"{kinds[job]} {job}")
        await task.defer_async(job_id=job)
        log.warning("job queued again", job=job)
    return now - before


async def _asked(app: procrastinate.App, name: str, **values: Set[int] | list[int]) -> list[Any]:
    """The rows of a statement on the queue's own tables, which the worker's login may use."""
    return await app.connector.execute_query_all_async(Q[name], **values)
