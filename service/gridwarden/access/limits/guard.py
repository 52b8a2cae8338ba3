"""Holds every request to its limits, once it is known who asks."""

import asyncio
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridwarden.access.limits.costs import READING, cost_of
from gridwarden.access.limits.lanes import Lane, Place
from gridwarden.access.limits.rates import Rates, Standing, neighbourhood
from gridwarden.database import Caller
from gridwarden.settings import Settings


@dataclass
class Limits:
    """The rates and the lane of one application."""

    rates: Rates
    heavy: Lane

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """As the installation sets them, shared among its processes."""
        a_minute = {
            "read": settings.reads_a_minute,
            "write": settings.writes_a_minute,
            "check": settings.checks_a_minute,
            "heavy": settings.heavy_a_minute,
            "stranger": settings.strangers_a_minute,
        }
        quotas = {k: max(1, n // settings.processes) if n else 0 for k, n in a_minute.items()}
        lane = Lane(settings.heavy_at_once, settings.heavy_waiting, settings.heavy_wait_s)
        return cls(Rates(quotas), lane)


@dataclass
class Held:
    """What one request holds: its place in the lane, and what its caller has left."""

    standing: Standing | None = None
    place: Place | None = None
    until_sent: bool = False
    gone: bool = False
    """Whether whoever asked has hung up."""
    watching: asyncio.Task[None] | None = None

    def watch(self, receive: Receive) -> None:
        """Give the request up when its asker hangs up. Only for one without a body to read."""
        request = asyncio.current_task()
        assert request is not None

        async def wait() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            self.gone = True
            request.cancel()

        self.watching = asyncio.create_task(wait())

    def answered(self) -> None:
        """The work is done. What is sent for long is still counted, and nobody waits for it."""
        if self.watching is not None:
            self.watching.cancel()
        if self.place is not None:
            if self.until_sent:
                self.place.rest()
            else:
                self.place.leave()

    def give_back(self) -> None:
        """Leave the lane, once."""
        self.answered()
        if self.place is not None:
            self.place.leave()


class Guard:
    """The middleware that gives back what a request held and says what its caller has left.

    A place to work in the lane is free again when the answer begins: by then the work is done, and
    a browser that reads slowly holds nobody up. Who hangs up before is not worked for any more.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        held = scope.setdefault("state", {})["held"] = Held()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                held.answered()
                if held.standing is not None:
                    MutableHeaders(scope=message).update(held.standing.headers)
            await send(message)

        try:
            await self.app(scope, receive, told)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not held.gone or task is None or task.uncancel():
                raise
        finally:
            held.give_back()


async def held_to(request: Request, caller: Caller | None) -> None:
    """Count this request for its caller, or for its address; a heavy one takes a place.

    Raises Problem `too_many_requests` and `busy`.
    """
    limits: Limits = request.app.state.limits
    cost = cost_of(request)
    if cost == "free":
        return
    held: Held = request.state.held
    who = _who(request, caller)
    if caller is None:
        held.standing = limits.rates.take("stranger", who, stranger=True)
    else:
        held.standing = limits.rates.take("heavy" if cost == "file" else cost, who)
    if cost in ("heavy", "file"):
        if request.method in READING:
            held.watch(request.receive)
        held.until_sent = cost == "file"
        held.place = await limits.heavy.enter(who, file=held.until_sent)


def _who(request: Request, caller: Caller | None) -> str:
    """A person by the account, however many browsers; a key by itself; else the address."""
    if caller is None:
        return neighbourhood(request.client.host if request.client else "")
    if caller.account is not None and caller.credential and caller.credential[0] == "session":
        return f"account {caller.account}"
    kind, number = caller.credential or ("person", caller.person)
    return f"{kind} {number}"
