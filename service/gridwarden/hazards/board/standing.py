"""What the board has from the worker: each district's stock counted once a reporting day, and how
cases stood kept day by day, so that a board of many cases need not read every act again.
"""

import asyncio
from typing import Final

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.hazards.board.asked import Q
from gridwarden.jobs import companion
from gridwarden.settings import Settings

KEEPER: Final = Caller("screen", "board")
LOOK_S: Final = 10.0
"""How often it is looked for acts that came, and whether a new reporting day has begun."""
AT_ONCE: Final = 20_000
"""Acts of one transaction. Until they are kept a board counts them itself: no reader waits."""


async def count_stock(pool: Pool) -> bool:
    """Count households and buildings by district (pool of the worker's login), once a reporting
    day; whether it was done now.
    """
    async with as_caller(pool, KEEPER, timeout_ms=0) as c:
        row = await (await c.execute(Q["count_stock"])).fetchone()
    return bool(row and row[0])


async def keep(pool: Pool) -> int:
    """Keep how the cases stood whose acts are not kept yet; of how many cases."""
    kept = 0
    while True:
        async with as_caller(pool, KEEPER, timeout_ms=0) as c:
            row = await (await c.execute(Q["keep"], {"at_most": AT_ONCE})).fetchone()
        if not row or not row[0]:
            return kept
        kept += row[0]


async def drain(pool: Pool, settings: Settings) -> None:
    """Count and keep what waits now."""
    await count_stock(pool)
    await keep(pool)


async def run(pool: Pool, settings: Settings) -> None:
    """Count and keep for as long as the worker lives."""
    while True:
        await drain(pool, settings)
        await asyncio.sleep(LOOK_S)


companion("board", run=run, drain=drain)
