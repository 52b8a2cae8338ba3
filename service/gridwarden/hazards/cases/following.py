"""Cases follow findings: what appears begins a case, what ends goes to verification.

Triggers on findings leave a line for each subject, or one for everything after a large statement; a
run takes the lines and writes the cases, their acts and evidence, all of them in one statement of
each kind. Killed in the middle, it did nothing, and the next run does it.
"""

from typing import Final

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.database.cluster import login_dsn
from gridwarden.hazards.cases.categories import categories_of
from gridwarden.jobs import companion
from gridwarden.settings import Settings

Q: Final = queries(__package__ or "gridwarden.hazards.cases", "following.sql")
FOLLOWER: Final = Caller("screen", "follower")
AT_ONCE: Final = 5_000
"""Lines of one run."""
LOOK_S: Final = 1.0


async def follow(pool: Pool) -> dict[str, int]:
    """Follow what waits now (pool of the worker's login); what was done, in all."""
    done: dict[str, int] = {}
    while told := await _once(pool):
        for name, n in told.items():
            done[name] = done.get(name, 0) + n
    return done


async def _once(pool: Pool) -> dict[str, int] | None:
    async with as_caller(pool, FOLLOWER, timeout_ms=0) as c:
        families = await (await c.execute(Q["families"])).fetchall()
        values = {"categories": Jsonb(categories_of(families)), "at_most": AT_ONCE}
        row = await (await c.execute(Q["follow"], values)).fetchone()
    return row[0] if row else None


async def drain(pool: Pool, settings: Settings) -> None:
    """Follow what waits now."""
    await follow(pool)


async def run(pool: Pool, settings: Settings) -> None:
    """Follow as soon as findings are committed, for as long as the worker lives."""
    dsn = login_dsn(settings, "worker")
    async with await AsyncConnection.connect(dsn, autocommit=True) as notices:
        await notices.execute(Q["listen"])
        while True:
            await follow(pool)
            async for _ in notices.notifies(timeout=LOOK_S, stop_after=1):
                pass


companion("hazards", run=run, drain=drain)
