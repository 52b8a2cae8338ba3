"""Seals the audit every few seconds, writes the chain's head down outside, and tells the office's
log; once in a while moves what was kept long enough to signed files."""

import asyncio
from typing import Final

from gridwarden.access.audit.archiving import archive_old
from gridwarden.access.audit.forwarding import forward
from gridwarden.access.audit.heads import export_heads
from gridwarden.access.audit.sealing import seal_all
from gridwarden.database import Pool
from gridwarden.jobs.companions import companion
from gridwarden.jobs.running import chore
from gridwarden.settings import Settings
from gridwarden.words.telling import log

EVERY_S: Final = 3.0


async def seal(pool: Pool, settings: Settings) -> None:
    """Seal for as long as the worker lives."""
    while True:
        await seal_now(pool, settings)
        await asyncio.sleep(EVERY_S)


async def seal_now(pool: Pool, settings: Settings) -> None:
    """Seal what is committed, and write its head down."""
    await seal_all(pool)
    await export_heads(pool, settings)


async def tell(pool: Pool, settings: Settings) -> None:
    """Tell the office's log for as long as the worker lives; sealing never waits for it."""
    while True:
        await tell_now(pool, settings)
        await asyncio.sleep(EVERY_S)


async def tell_now(pool: Pool, settings: Settings) -> None:
    """Tell the office's log what is sealed; one that does not answer is told the next time."""
    try:
        await forward(pool, settings)
    except OSError as error:
        log.error("the audit's listener does not answer", error=type(error).__name__)


@chore
async def archive(pool: Pool, settings: Settings) -> None:
    """Move what has been kept long enough to signed files."""
    await archive_old(pool, settings)


companion("audit", run=seal, drain=seal_now)
companion("audit log", run=tell, drain=tell_now)
