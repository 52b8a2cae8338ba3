"""Work that goes on for as long as a worker lives, beside its jobs: screening, events, deliveries.

Companions run in a thread of their own with an event loop and a pool of their own, so that a job
that keeps Python busy (a large file being read) does not hold them up.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gridwarden.database import Pool, open_pool
from gridwarden.settings import Settings
from gridwarden.words.telling import log

AGAIN_S = 1.0
"""A companion that failed begins anew after so long."""

STOP_S = 20.0
"""How long a companion may take to stop; then the process ends without it."""

Companion = Callable[[Pool, Settings], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Registered:
    name: str
    run: Companion
    drain: Companion


companions: list[_Registered] = []


def companion(name: str, *, run: Companion, drain: Companion) -> None:
    """Register a companion: `run` goes on until it is cancelled, `drain` does what waits now.

    Both get a pool of the worker's login. Raises ValueError when the name is taken.
    """
    if any(one.name == name for one in companions):
        raise ValueError(f"two companions are called {name!r}")
    companions.append(_Registered(name, run, drain))


async def drain_all(pool: Pool, settings: Settings) -> None:
    """Let every companion do what waits now, in the order in which they were registered."""
    for one in companions:
        await one.drain(pool, settings)


@contextmanager
def accompanied(settings: Settings) -> Iterator[None]:
    """Run all companions until the block ends; what one of them was doing is then rolled back.

    Raises psycopg.Error where the database cannot be reached.
    """
    loop = asyncio.new_event_loop()
    began = concurrent.futures.Future[asyncio.Task[None]]()

    async def all_of_them() -> None:
        try:
            pool = await open_pool(settings, "worker")
        except BaseException as error:
            began.set_exception(error)
            return
        task = asyncio.current_task()
        assert task is not None
        began.set_result(task)
        try:
            each = (_again_and_again(one, pool, settings) for one in companions)
            # Exceptions are returned, or the first to end would leave the others in the middle.
            await asyncio.gather(*each, return_exceptions=True)
        except asyncio.CancelledError:
            pass
        finally:
            await pool.close()

    def run() -> None:
        try:
            loop.run_until_complete(all_of_them())
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="companions", daemon=True)
    thread.start()
    task = began.result()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(STOP_S)


async def _again_and_again(one: _Registered, pool: Pool, settings: Settings) -> None:
    """A companion fails when the database goes away, or by a fault of its own; it goes on."""
    while True:
        try:
            await one.run(pool, settings)
        except Exception as error:
            log.error("companion failed", companion=one.name, error=type(error).__name__)
        await asyncio.sleep(AGAIN_S)
