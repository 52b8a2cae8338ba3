"""`/api/events`: what happened to findings, imports and cases: a list to go on from, or a feed."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from psycopg_pool import PoolTimeout

from gridwarden.access import allow
from gridwarden.access.audience import caller_of
from gridwarden.database import Caller, as_caller
from gridwarden.jobs.events.asking import FILTERS, LATEST, asked_of, place, values_of
from gridwarden.jobs.events.fanning import fan_of
from gridwarden.jobs.events.places import PATTERN, Places, places_of
from gridwarden.jobs.events.reading import Event, Values, page, read_as, start
from gridwarden.words.problems import Problem

router = APIRouter(prefix="/api/events", tags=["events"])
TOLD: Final = (
    *("utility", "supervisor", "planner", "dispatcher", "administrator"),
    *("warden", "inspector", "contractor"),
)
"""Roles that are told of events; an administrator of imports of theirs alone, the last three of
cases alone.
"""
Reader = Annotated[Caller, allow(*TOLD)]
BEAT_S: Final = 15.0
AT_ONCE: Final = 500

_DESCRIBED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "topic": ({"enum": ["finding", "import", "case"]}, "what is told of"),
    "family": ({"type": "string"}, "a family of rules: site_near_main, …"),
    "layer": (
        {"type": "string"},
        "the layer of the finding's subject, or of the import; no case has one here",
    ),
    "severity": ({"enum": ["general", "serious", "major"]}, "grade"),
    "district": ({"type": "string"}, "id, code or name of a district"),
}
_CURSOR: Final = {
    "name": "cursor",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "pattern": f"^(latest|{PATTERN})$"},
    "description": "the `cursor` of an answer to you, as it is, or `latest`",
}
FILTERING: Final = [
    {"name": n, "in": "query", "required": False, "schema": schema, "description": told}
    for n, (schema, told) in _DESCRIBED.items()
]
_LIMIT: Final = {
    "name": "limit",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 1},
    "description": "at most 1000",
}
assert tuple(_DESCRIBED) == FILTERS


@router.get("", openapi_extra={"parameters": [*FILTERING, _CURSOR, _LIMIT]})
async def events(request: Request, caller: Reader) -> Response:
    """Events after `cursor` (without one: the oldest that are kept), oldest first.

    Keep the answer's `cursor` and ask again with it: nothing is left out and nothing told twice.
    """
    asked = asked_of(request.query_params.multi_items(), ("cursor", "limit"))
    app = request.app.state
    places = places_of(app.settings, caller)
    async with as_caller(app.pool, caller, app.settings.statement_timeout_ms) as c:
        values = await values_of(c, asked.filters)
        after = await start(c, asked.after, "cursor", places)
        found = await page(c, values, after, asked.limit, app.settings.crs, "events")
    cursor = places.seal(found.cursor)
    following = f'"{asked.following(cursor)}"' if found.more else "null"
    items = ", ".join(event.told for event in found.events)
    text = f'{{"items": [{items}], "next": {following}, "cursor": "{cursor}"}}'
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get(
    "/feed",
    response_class=StreamingResponse,
    openapi_extra={"parameters": [*FILTERING, _CURSOR]},
)
async def feed(request: Request, caller: Reader) -> StreamingResponse:
    """The same as server-sent events, from now on, or after `Last-Event-ID` or `cursor`."""
    asked = asked_of(request.query_params.multi_items(), ("cursor",))
    header = request.headers.get("last-event-id")
    field = "cursor" if header is None else "Last-Event-ID"
    after = asked.after if header is None else place(header, field)
    places = places_of(request.app.state.settings, caller)
    async with as_caller(request.app.state.pool, caller) as c:
        values = await values_of(c, asked.filters)
        begin = await start(c, LATEST if after is None else after, field, places)
    return StreamingResponse(
        _stream(request, caller, values, begin, places),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    request: Request, caller: Caller, values: Values, after: int, places: Places
) -> AsyncIterator[str]:
    """What there is after a place, then each event as it comes; a sign of life now and then.

    The sign of life says how far the feed has looked, so that who sees few events is not sent
    away later for an old place. It comes at its time whatever is looked at meanwhile, so that it
    says nothing of events that are hidden. Ends early for a key that is no more or a database that
    is away.
    """
    app, fan = request.app.state, fan_of(request.app)
    ends = time.monotonic() + app.settings.feed_seconds
    beat = time.monotonic() + BEAT_S
    yield f"retry: 2000\nid: {places.seal(after)}\n\n"
    async with fan.watching():
        while (left := ends - time.monotonic()) > 0:
            turn = fan.turn
            try:
                if await caller_of(request) is None:
                    return
                srid = app.settings.crs
                found = await read_as(app.pool, caller, values, after, AT_ONCE, srid, "events/feed")
            except (Problem, psycopg.Error, PoolTimeout):
                return
            for event in found.events:
                yield _line(event, places)
            after = found.cursor
            if not found.more:
                await fan.wait(turn, max(0, min(beat - time.monotonic(), left)))
            if time.monotonic() >= beat:
                beat += BEAT_S
                yield f": still here\nid: {places.seal(after)}\n\n"


def _line(event: Event, places: Places) -> str:
    return f"id: {places.seal(event.seq)}\nevent: {event.type}\ndata: {event.told}\n\n"
