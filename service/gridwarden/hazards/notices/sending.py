"""The worker's part: what days bring is written, and letters go out, one person at a time.

A letter is taken for some minutes, sent, and written down as sent; a worker that dies in between
sends it once more, under the same Message-ID.
"""

import asyncio
import random
import time
from typing import Any, Final

import psycopg

from gridwarden.database import Pool, as_caller
from gridwarden.database.cluster import login_dsn
from gridwarden.hazards.notices.posting import Answer, Server, post
from gridwarden.hazards.notices.rules import Q
from gridwarden.hazards.notices.writing import letter
from gridwarden.jobs.companions import companion
from gridwarden.jobs.events.sequencing import SENDER
from gridwarden.settings import Settings
from gridwarden.words.telling import log

LOOK_S: Final = 5.0
REMIND_S: Final = 300.0
"""How often is looked which cases are due soon or overdue."""
AT_MOST: Final = 100
"""Notices of one letter."""
HOLD_S: Final = 300.0


async def remind(pool: Pool) -> int:
    """Write the notices that days bring; how many are new."""
    async with as_caller(pool, SENDER, timeout_ms=0) as c:
        row = await (await c.execute(Q["remind"])).fetchone()
    return int(row[0]) if row else 0


async def send_waiting(pool: Pool, settings: Settings) -> int:
    """Send the letters that wait now; how many were taken. Nothing where no server is named."""
    if settings.smtp is None:
        return 0
    server = Server.of(settings.smtp.get_secret_value())
    taken = 0
    while (told := await _asked(pool, "next", at_most=AT_MOST, hold_s=HOLD_S)) is not None:
        ids = [one["id"] for one in told["notices"]]
        try:
            answer = await asyncio.to_thread(post, server, letter(told, settings))
        except ValueError as error:  # an address that no letter can bear stops nobody else's
            answer = Answer(False, True, type(error).__name__)
        if answer.taken:
            await _asked(pool, "sent", ids=ids)
            taken += 1
            continue
        tried = max(one["attempts"] for one in told["notices"])
        waits = settings.mail_retry_s
        spent = answer.final or tried > len(waits)
        wait = None if spent else waits[tried - 1] * random.uniform(0.9, 1.1)
        await _asked(pool, "failed", ids=ids, said=answer.said, wait_s=wait)
        log.warning("letter not taken", notices=len(ids), final=spent, error=answer.said[:60])
    return taken


async def _asked(pool: Pool, name: str, **values: object) -> Any:
    async with as_caller(pool, SENDER) as c:
        row = await (await c.execute(Q[name], values)).fetchone()
    return row[0] if row else None


async def run(pool: Pool, settings: Settings) -> None:
    """Remind and send for as long as the worker lives; one sender an installation."""
    dsn = login_dsn(settings, "worker")
    reminded = float("-inf")
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as c:
        while not await _alone(c):
            await asyncio.sleep(LOOK_S)
        await c.execute("listen gridwarden_notice")
        while True:
            if time.monotonic() - reminded >= REMIND_S:
                reminded = time.monotonic()
                await remind(pool)
            await send_waiting(pool, settings)
            async for _ in c.notifies(timeout=LOOK_S, stop_after=1):
                pass


async def drain(pool: Pool, settings: Settings) -> None:
    """Do what waits now, where no other process is doing it."""
    dsn = login_dsn(settings, "worker")
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as c:
        if await _alone(c):
            await remind(pool)
            await send_waiting(pool, settings)


async def _alone(c: psycopg.AsyncConnection[Any]) -> bool:
    """Have the lock that ends with this connection."""
    row = await (await c.execute(Q["lock"])).fetchone()
    return bool(row and row[0])


companion("letters", run=run, drain=drain)
