"""`/healthz/through`: what came of a request on its way here, told to this machine's own doctor.

Who asks shows that they hold the installation's key; to all others there is no such page. It says
how the request arrived, never from where, and nothing of what the service holds.
"""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from gridwarden.access.audience import everyone
from gridwarden.database.passwords import installation_key
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

router = APIRouter(tags=["run"])
HEADER: Final = "X-Gridwarden-Probe"
FILLER: Final = "0123456789abcdef" * 20_000
"""320,000 characters: more than the buffers that proxies cut bodies at."""
EVENTS: Final = 4
EVENT_S: Final = 0.25
_GOOD_S: Final = 120
Probe = Annotated[str, Header(alias=HEADER, max_length=200)]


def signed(settings: Settings, at: float | None = None) -> str:
    """What the doctor sends: the moment, and a mark that only this installation makes."""
    moment = str(int(time.time() if at is None else at))
    key = installation_key(settings.secrets / "accounts")
    return f"{moment}.{hmac.new(key, b'probe ' + moment.encode(), sha256).hexdigest()}"


def _demand(request: Request, probe: str) -> None:
    """Raises Problem `not_found` for whoever is not our own doctor, now."""
    moment = probe.partition(".")[0]
    now = time.time()
    fresh = moment.isascii() and moment.isdecimal() and len(moment) < 12
    if fresh and abs(now - int(moment)) < _GOOD_S:
        right = signed(request.app.state.settings, int(moment))
        if hmac.compare_digest(right.encode(), probe.encode("utf-8", "replace")):
            return
    raise Problem("not_found")


def arrived(headers: Mapping[str, str], scheme: str) -> dict[str, Any]:
    """How a request arrived."""
    return {
        "host": headers.get("host", ""),
        "scheme": scheme,
        "says_proto": "x-forwarded-proto" in headers,
    }


@router.get("/healthz/through", dependencies=[everyone()])
async def through(request: Request, probe: Probe = "") -> dict[str, Any]:
    """How the request arrived, and a long body that must arrive whole."""
    _demand(request, probe)
    return arrived(request.headers, request.url.scheme) | {"filler": FILLER}


@router.get("/healthz/through/events", dependencies=[everyone()])
async def events(request: Request, probe: Probe = "") -> StreamingResponse:
    """A second of events, sent as the service's feed is."""
    _demand(request, probe)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(), media_type="text/event-stream", headers=headers)


async def _events() -> AsyncIterator[str]:
    for n in range(EVENTS):
        if n:
            await asyncio.sleep(EVENT_S)
        yield f"id: {n}\ndata: {n}\n\n"
