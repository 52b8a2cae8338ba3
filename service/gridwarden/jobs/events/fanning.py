"""One listening connection a process, however many feeds wait: none of them holds one itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from fastapi import FastAPI

from gridwarden.database.cluster import login_dsn
from gridwarden.settings import Settings

CHANNEL = "gridwarden_event"
AGAIN_S = 1.0
"""How long after a broken connection the next one is tried."""


class Fan:
    """Wakes all who wait when events have got places. It listens only while somebody waits.

    `turn` rises whenever there may be something new: remember it, read, then wait for the next.
    """

    def __init__(self, settings: Settings) -> None:
        self.turn = 0
        self._settings = settings
        self._waiting = 0
        self._next = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Keep the process listening until the block ends."""
        self._waiting += 1
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting and self._listening:
                self._listening.cancel()
                self._listening = None  # not done before the loop turns: the next begins its own

    async def wait(self, turn: int, seconds: float) -> bool:
        """Wait until `turn` is past; False when that took longer."""
        if self.turn == turn:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._next.wait()
        return self.turn != turn

    async def _listen(self) -> None:
        dsn = login_dsn(self._settings, "web")
        while True:
            with suppress(psycopg.Error, OSError):
                async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as c:
                    await c.execute(f"listen {CHANNEL}")
                    self._tell()  # of what came before
                    async for _ in c.notifies():
                        self._tell()
            await asyncio.sleep(AGAIN_S)

    def _tell(self) -> None:
        self.turn += 1
        waiting, self._next = self._next, asyncio.Event()
        waiting.set()


def fan_of(app: FastAPI) -> Fan:
    """The application's own."""
    fan: Fan | None = getattr(app.state, "event_fan", None)
    if fan is None:
        fan = app.state.event_fan = Fan(app.state.settings)
    return fan
