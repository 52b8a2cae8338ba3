"""`/api/jobs`: long work as who asked for it sees it; administrators see that it runs."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse
from psycopg.rows import dict_row
from pydantic import BaseModel

from gridwarden.access import allow
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.words.problems import Problem

router = APIRouter(prefix="/api/jobs", tags=["jobs"])
Q = queries(__package__ or "gridwarden.jobs", "routes.sql")
ENDED: Final = frozenset({"finished", "failed", "cancelled"})
LOOK_EVERY_S: Final = 0.5
BEAT_EVERY_S: Final = 15.0
STREAM_S: Final = 600.0
"""After this the stream ends and the browser opens a new one by itself."""

Person = Annotated[
    Caller, allow("utility", "supervisor", "planner", "dispatcher", "viewer", "administrator")
]
Canceller = Annotated[
    Caller, allow("utility", "supervisor", "planner", "dispatcher", "administrator")
]
JobId = Annotated[int, Path(ge=1, lt=2**63)]


class JobState(BaseModel):
    """A job: `done` of `total` `unit`s; `say` holds its last words and counts, never a place."""

    id: int
    kind: str
    subject_id: int | None
    state: str
    done: int
    total: int | None
    unit: str | None
    say: dict[str, Any]
    cancel: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Jobs(BaseModel):
    """A page of jobs, newest first."""

    items: list[JobState]
    next: str | None


@router.get("")
async def jobs(
    request: Request,
    caller: Person,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[int, Query(ge=1, lt=2**63, description="from `next`")] = 2**63 - 1,
) -> Jobs:
    """Your own jobs, newest first; an administrator sees all, without what they are about."""
    async with as_caller(request.app.state.pool, caller) as c, c.cursor(row_factory=dict_row) as r:
        await r.execute(Q[_whose(caller)], {"before": cursor, "limit": limit})
        found = [JobState.model_validate(row) for row in await r.fetchall()]
    more = len(found) > limit
    following = f"/api/jobs?limit={limit}&cursor={found[limit - 1].id}" if more else None
    return Jobs(items=found[:limit], next=following)


@router.get("/{job}")
async def job_state(request: Request, job: JobId, caller: Person) -> JobState:
    """One job: how far it is, and how it ended."""
    return await state_of(request.app.state.pool, caller, job)


@router.delete("/{job}", status_code=202)
async def cancel(request: Request, job: JobId, caller: Canceller) -> JobState:
    """Ask a job of yours to stop: a waiting one stops now, a running one at its next step."""
    async with as_caller(request.app.state.pool, caller) as c:
        row = await (await c.execute(Q["cancel"], {"id": job})).fetchone()
    state = await state_of(request.app.state.pool, caller, job)
    if not (row and row[0]):
        raise Problem("conflict", "jobs.cannot_cancel", field="job", state=state.state)
    return state


@router.get("/{job}/events", response_class=StreamingResponse)
async def events(request: Request, job: JobId, caller: Person) -> StreamingResponse:
    """The job's state as server-sent events, one at each change, until it ends."""
    pool: Pool = request.app.state.pool
    first = await state_of(pool, caller, job)
    return StreamingResponse(
        _stream(pool, caller, first),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(pool: Pool, caller: Caller, state: JobState) -> AsyncIterator[str]:
    """One `state` event now and at each change; a comment now and then keeps proxies awake.

    A connection is taken for each look, not for the stream: watchers must not use the pool up.
    """
    ends = time.monotonic() + STREAM_S
    beat = time.monotonic()
    yield _event(state)
    while state.state not in ENDED and time.monotonic() < ends:
        await asyncio.sleep(LOOK_EVERY_S)
        now = await state_of(pool, caller, state.id)
        if now != state:
            state, beat = now, time.monotonic()
            yield _event(state)
        elif time.monotonic() - beat > BEAT_EVERY_S:
            beat = time.monotonic()
            yield ": still here\n\n"


def _event(state: JobState) -> str:
    text = json.dumps(state.model_dump(mode="json"), ensure_ascii=False)
    return f"event: state\ndata: {text}\n\n"


async def state_of(pool: Pool, caller: Caller, job: int) -> JobState:
    """A job as its caller may see it. Raises Problem `not_found`."""
    async with as_caller(pool, caller) as c, c.cursor(row_factory=dict_row) as r:
        await r.execute(Q[f"{_whose(caller)}_one"], {"id": job})
        row = await r.fetchone()
    if row is None:
        raise Problem("not_found", "jobs.no_job", field="job")
    return JobState.model_validate(row)


def _whose(caller: Caller) -> str:
    return "overview" if caller.role == "administrator" else "own"
