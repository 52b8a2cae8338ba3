"""The worker's part: reads events as each webhook's key would, and delivers them.

What is to be delivered is written down, with how far was read, before anything is sent; what was
sent is written down after. A sender that dies in between sends once more, under the same id.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg_pool import PoolTimeout

from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.database.cluster import login_dsn
from gridwarden.jobs.companions import companion
from gridwarden.jobs.events.asking import FILTERS
from gridwarden.jobs.events.fanning import CHANNEL
from gridwarden.jobs.events.reading import Event, read_as
from gridwarden.jobs.events.sequencing import LOOK_S, SENDER, number
from gridwarden.jobs.running import chore
from gridwarden.jobs.webhooks.addresses import target_of
from gridwarden.jobs.webhooks.posting import Answer, post
from gridwarden.jobs.webhooks.signing import signed
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from gridwarden.words.telling import log

Q = queries(__package__ or "gridwarden.jobs.webhooks", "sending.sql")
READ_AT_ONCE: Final = 500
MOST_WAITING: Final = 10_000
"""With so many deliveries waiting a webhook reads no further; events are kept meanwhile."""
SENT_AT_ONCE: Final = 8
TOLERATED: Final = 5
"""Failures in a row after which an address is tried seldom, and with one message at a time."""
GONE: Final = 410
AGAIN_S: Final = 5.0
"""A webhook that could not be served, by no fault of its address, rests for so long."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One that is on, with the rights of its key, and what there is to do for it."""

    id: int
    url: str
    secret: str
    filters: dict[str, Any]
    seen: int
    failures: int
    role: str
    person: str
    org_ids: list[int]
    district_ids: list[int]
    grid_ids: list[int]
    all_districts: bool
    language: str
    waiting: int
    behind: bool
    due: bool

    @property
    def reads(self) -> bool:
        """There are events that it has not looked at, and room for their deliveries."""
        return self.behind and self.waiting < MOST_WAITING

    @property
    def owner(self) -> Caller:
        """Whose eyes it has."""
        return Caller(
            self.role,
            self.person,
            tuple(self.org_ids),
            tuple(self.district_ids),
            self.all_districts,
            self.language,
            grid_ids=tuple(self.grid_ids),
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery to make now."""

    id: int
    message_id: str
    body: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Sender:
    """Serves webhooks: `books` is the worker's pool, `eyes` one in which owners can be asked as."""

    books: Pool
    eyes: Pool
    settings: Settings

    async def on(self, webhook: int | None = None) -> list[Webhook]:
        """Those that are on and whose key holds, or the one of this id."""
        async with as_caller(self.books, SENDER) as c:
            await c.execute(Q["end_those_without_key"])
            async with c.cursor(row_factory=class_row(Webhook)) as cursor:
                return await (await cursor.execute(Q["on"], {"id": webhook})).fetchall()

    async def serve(self, webhook: Webhook, pause_s: float = 0) -> None:
        """Read and send for one webhook until nothing is left that can be done now.

        One that cannot be served is told to the log, and left for `pause_s`; all others go on.
        """
        try:
            await self._serve(webhook)
        except (psycopg.Error, PoolTimeout, Problem) as error:
            log.error("webhook not served", webhook=webhook.id, error=type(error).__name__)
            await asyncio.sleep(pause_s)

    async def _serve(self, webhook: Webhook) -> None:
        now: list[Webhook] = [webhook]
        while now and (now[0].reads or now[0].due):
            if now[0].reads:
                await self._read_on(now[0])
            if now[0].due and not await self._send_due(now[0]) and not now[0].reads:
                return
            now = await self.on(webhook.id)

    async def _read_on(self, webhook: Webhook) -> None:
        """Write down the deliveries of the next events, and that they were read, in one."""
        values = {name: webhook.filters.get(name) for name in FILTERS}
        srid, route = self.settings.crs, f"webhooks/{webhook.id}"
        found = await read_as(
            self.eyes, webhook.owner, values, webhook.seen, READ_AT_ONCE, srid, route
        )
        async with as_caller(self.books, SENDER) as c, c.cursor() as cursor:
            place = {"id": webhook.id, "from": webhook.seen, "to": found.cursor}
            if await (await cursor.execute(Q["read_on"], place)).fetchone() and found.events:
                rows = [_delivery(webhook.id, event) for event in found.events]
                await cursor.executemany(Q["add"], rows)

    async def _send_due(self, webhook: Webhook) -> int:
        """Send the first of some subjects, together, and write down what came of it; how many."""
        at_once = 1 if webhook.failures >= TOLERATED else SENT_AT_ONCE
        async with (
            as_caller(self.books, SENDER) as c,
            c.cursor(row_factory=class_row(Message)) as r,
        ):
            await r.execute(Q["due"], {"webhook": webhook.id, "limit": at_once})
            messages = await r.fetchall()
        answers = await asyncio.gather(*(self._post(webhook, message) for message in messages))
        async with as_caller(self.books, SENDER) as c:
            for message, answer in zip(messages, answers, strict=True):
                for name, values in self._booked(webhook, message, answer):
                    await c.execute(Q[name], values)
        return len(messages)

    async def _post(self, webhook: Webhook, message: Message) -> Answer:
        try:
            target = await target_of(webhook.url, self.settings.webhook_networks)
        except Problem:
            return Answer(None, "address")
        headers = signed(webhook.secret, message.message_id, int(time.time()), message.body)
        return await post(target, message.body, headers)

    def _booked(
        self, webhook: Webhook, message: Message, answer: Answer
    ) -> Sequence[tuple[str, dict[str, Any]]]:
        """The statements that keep what came of a message, with their values."""
        if answer.taken:
            sent = {"id": message.id, "status": answer.status}
            return [("taken", sent), ("well", {"webhook": webhook.id})]
        waits = self.settings.webhook_retry_s
        spent = message.attempts >= len(waits)
        why = "gone" if answer.status == GONE else "gave_up" if spent else None
        resting = min(max(webhook.failures - TOLERATED, 0), len(waits) - 1)
        missed = {
            "id": message.id,
            "status": answer.status,
            "error": answer.error or "status",
            "wait_s": _about(waits[min(message.attempts, len(waits) - 1)]),
        }
        ill = {
            "webhook": webhook.id,
            "error": answer.error or str(answer.status),
            "tolerated": TOLERATED,
            "rest_s": _about(waits[resting]),
            "patience_s": float(sum(waits)),
            "why": why,
        }
        return [("not_taken", missed), ("ill", ill)]


def _about(seconds: float) -> float:
    """Not all at the same moment again."""
    return seconds * random.uniform(0.9, 1.1)


def _delivery(webhook: int, event: Event) -> dict[str, object]:
    return {
        "webhook": webhook,
        "message_id": new_message_id(),
        "seq": event.seq,
        "type": event.type,
        "subject": event.subject,
        "body": message_text(event.type, event.at, event.told),
    }


def new_message_id() -> str:
    """What a message keeps in every try: who has had that id has had the message."""
    return f"msg_{secrets.token_hex(12)}"


def message_text(kind: str, at: str, told: str) -> str:
    """A message as Standard Webhooks advises: its type, its time, and what it is about."""
    return f'{{"type": "{kind}", "timestamp": "{at}", "data": {told}}}'


async def run(pool: Pool, settings: Settings) -> None:
    """Serve every webhook for as long as the worker lives; one sender an installation."""
    dsn = login_dsn(settings, "worker")
    eyes = await open_pool(settings, "web")
    try:
        sender = Sender(pool, eyes, settings)
        serving: dict[int, asyncio.Task[None]] = {}
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as c:
            while not await _alone(c):
                await asyncio.sleep(LOOK_S)
            await c.execute(f"listen {CHANNEL}")
            async with asyncio.TaskGroup() as group:
                while True:
                    for webhook in await sender.on():
                        if webhook.id in serving and not serving[webhook.id].done():
                            continue
                        if webhook.reads or webhook.due:
                            serving[webhook.id] = group.create_task(sender.serve(webhook, AGAIN_S))
                    async for _ in c.notifies(timeout=LOOK_S, stop_after=1):
                        pass
    finally:
        await eyes.close()


async def drain(pool: Pool, settings: Settings) -> None:
    """Deliver what waits now, where no other process is doing it; what fails waits for its time."""
    await number(pool)
    dsn = login_dsn(settings, "worker")
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as c:
        if not await _alone(c):
            return
        eyes = await open_pool(settings, "web")
        try:
            sender = Sender(pool, eyes, settings)
            await asyncio.gather(*(sender.serve(webhook) for webhook in await sender.on()))
        finally:
            await eyes.close()


async def _alone(c: psycopg.AsyncConnection[Any]) -> bool:
    """Have the lock that ends with this connection."""
    row = await (await c.execute(Q["lock"])).fetchone()
    return bool(row and row[0])


companion("webhooks", run=run, drain=drain)


@chore
async def forget(pool: Pool, settings: Settings) -> None:
    """Delete what was delivered long ago."""
    async with as_caller(pool, SENDER, timeout_ms=0) as c:
        await c.execute(Q["forget"], {"days": settings.keep_events_days})
