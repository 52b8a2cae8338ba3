"""Gives committed events their places, one sequencer at a time, and deletes old events.

Readers go by the place: ids are taken before a commit, so a reader that goes by them would pass
an event that another transaction commits later.
"""

import psycopg

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.database.cluster import login_dsn
from gridwarden.jobs.companions import companion
from gridwarden.jobs.events.asking import Q
from gridwarden.jobs.running import chore
from gridwarden.settings import Settings

SENDER = Caller("send", "worker")
"""The work role that numbers events and keeps the books of webhooks."""
AT_ONCE = 5_000
FORGET_AT_ONCE = 50_000
LOOK_S = 1.0
"""How often is looked besides: a notification may be lost with its connection."""


async def number(pool: Pool) -> int:
    """Give places to all events that wait for one; returns how many."""
    numbered = 0
    while True:
        async with as_caller(pool, SENDER) as c:
            row = await (await c.execute(Q["number"], {"at_most": AT_ONCE})).fetchone()
        assert row is not None
        numbered += int(row[0])
        if int(row[0]) < AT_ONCE:
            return numbered


async def run(pool: Pool, settings: Settings) -> None:
    """Number events as soon as they are committed, for as long as the worker lives."""
    dsn = login_dsn(settings, "worker")
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as c:
        await c.execute("listen gridwarden_outbox")
        while True:
            await number(pool)
            async for _ in c.notifies(timeout=LOOK_S, stop_after=1):
                pass


async def drain(pool: Pool, settings: Settings) -> None:
    """Number what waits now."""
    await number(pool)


companion("events", run=run, drain=drain)


@chore
async def forget(pool: Pool, settings: Settings) -> None:
    """Delete the events that are older than is kept."""
    days = {"days": settings.keep_events_days, "at_most": FORGET_AT_ONCE}
    async with as_caller(pool, SENDER, timeout_ms=0) as c:
        await c.execute(Q["forget"], days)
