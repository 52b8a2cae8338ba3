"""One job from start to end: its tasks, its progress, its cancellation, its last words."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from procrastinate.exceptions import ConnectorException
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.database.cluster import login_dsn
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.jobs", "jobs.sql")
KEEPER = Caller("import", "worker")
"""The work role that keeps the books of jobs."""
MOST_TRIES = 5
"""So often a job is taken up again after its process or its database died; then it has failed: what
kills whoever does it must not do so for ever, before all that waits behind it."""


GIVEN_UP = Problem("refused", "jobs.given_up", n=MOST_TRIES)


class Cancelled(Exception):  # noqa: N818
    """The person who queued the job asked for it to stop."""


@dataclass
class Job:
    """A running job as its task sees it."""

    id: int
    kind: str
    subject_id: int | None
    caller: Caller
    pool: Pool
    on_progress: Callable[[int, int | None, str], None] | None = None
    say: dict[str, Any] = field(default_factory=dict)
    held: bool = False
    """The task sets it when a person has to decide before the job can go on."""
    _said_at: float = 0.0

    async def progress(self, done: int, total: int | None, unit: str) -> None:
        """Tell how far the work is; writes at most twice a second.

        Raises Cancelled when the person has asked for that.
        """
        if self.on_progress:
            self.on_progress(done, total, unit)
        now = time.monotonic()
        if now - self._said_at < 0.5 and done != total:
            return
        self._said_at = now
        values = {"id": self.id, "done": done, "total": total, "unit": unit}
        async with as_caller(self.pool, KEEPER) as connection:
            row = await (await connection.execute(Q["progress"], values)).fetchone()
        if row and row[0]:
            raise Cancelled


def away(error: BaseException) -> bool:
    """Whether the database went away: no fault of the job, which can be done from its start."""
    if isinstance(error, ConnectorException):  # the queue's own, of what the driver raised
        error = error.__cause__ or error
    if not isinstance(error, psycopg.OperationalError | psycopg.errors.ReadOnlySqlTransaction):
        return False
    return (error.sqlstate or "08000").startswith(("08", "57P", "53300", "25006"))


Task = Callable[[Job, Settings], Awaitable[None]]
Chore = Callable[[Pool, Settings], Awaitable[None]]
tasks: dict[str, Task] = {}
given_up: dict[str, Task] = {}
chores: list[Chore] = []


def chore(function: Chore) -> Chore:
    """Register what the worker does when it starts and every minute, beside its jobs."""
    chores.append(function)
    return function


def task(kind: str, *, gives_up: Task | None = None) -> Callable[[Task], Task]:
    """Register what a kind of job does, and what is done where it was tried too often.

    Raises ValueError when the kind is taken.
    """

    def register(function: Task) -> Task:
        if kind in tasks:
            raise ValueError(f"two tasks are called {kind!r}")
        tasks[kind] = function
        if gives_up is not None:
            given_up[kind] = gives_up
        return function

    return register


async def run_here(
    job_id: int,
    pool: Pool,
    settings: Settings,
    on_progress: Callable[[int, int | None, str], None] | None = None,
    on_end: Callable[[Job, str], None] | None = None,
    *,
    put_back: bool = False,
    tries: int = 0,
) -> str:
    """Run one queued job in this process, as the worker's login; returns its last state.

    Whoever runs a job holds its lock, which ends with the process: another one that gets the
    same job waits, and finds it ended, or (its runner died) still to be done, and does it.
    A refusal (Problem) becomes the job's own sentence; anything else fails the job and is raised.
    A process that is told to stop, or whose database goes away, cancels or fails the job, or
    (`put_back`) leaves it to the next runner. `tries` that ended without a word are too many above
    MOST_TRIES.
    """
    async with _alone(settings, job_id):
        job = await _take(pool, job_id)
        if job is None:
            return await _last_state(pool, job_id)
        job.on_progress = on_progress
        state = "finished"
        try:
            if tries > MOST_TRIES:
                await _given_up(job, settings)
            await tasks[job.kind](job, settings)
            state = "held" if job.held else state
        except Cancelled:
            state = "cancelled"
        except Problem as problem:
            state = "failed"
            job.say = {
                "type": problem.type,
                "en": problem.said("en"),
                "zh": problem.said("zh"),
                "field": problem.field,
            }
        except asyncio.CancelledError:
            if not put_back:
                await _end(pool, job, "cancelled", {})
            raise
        except BaseException as error:
            if not (put_back and away(error)):
                await _end(pool, job, "failed", {"type": "urn:gridwarden:problem:internal"})
            raise
        state = await _end(pool, job, state, job.say)
        if on_end:
            on_end(job, state)
        return state


async def _given_up(job: Job, settings: Settings) -> None:
    """Raises the Problem that a job ends with that was tried too often."""
    if job.kind in given_up:
        await given_up[job.kind](job, settings)
    raise GIVEN_UP


@asynccontextmanager
async def _alone(settings: Settings, job_id: int) -> AsyncIterator[None]:
    """Hold the job's lock; waits while another process runs it."""
    dsn = login_dsn(settings, "worker")
    # A connection of its own: many jobs at once must not empty the pool that they work with.
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        while True:
            cursor = await connection.execute(Q["lock"], {"id": job_id})
            row = await cursor.fetchone()
            if row and row[0]:
                break
            await asyncio.sleep(0.2)
        yield


async def _take(pool: Pool, job_id: int) -> Job | None:
    """The job, now running; None when it has ended or was cancelled."""
    async with as_caller(pool, KEEPER) as connection:
        row = await (await connection.execute(Q["take"], {"id": job_id})).fetchone()
    if row is None:
        return None
    kind, subject_id, role, person, org_ids = row
    caller = Caller(role.removeprefix("gridwarden_"), person or "worker", tuple(org_ids))
    return Job(job_id, kind, subject_id, caller, pool)


async def _end(pool: Pool, job: Job, state: str, say: dict[str, Any]) -> str:
    """Keep how the job ended; returns the state, which is another for a held one cancelled."""
    values = {"id": job.id, "state": state, "say": Jsonb(say)}
    async with as_caller(pool, KEEPER) as connection:
        row = await (await connection.execute(Q["end"], values)).fetchone()
    return str(row[0]) if row else state


async def _last_state(pool: Pool, job_id: int) -> str:
    """The state of a job that cannot be taken; `cancelled` for one that is not there."""
    async with as_caller(pool, KEEPER) as connection:
        stopped = await (await connection.execute(Q["stop"], {"id": job_id})).fetchone()
        row = await (await connection.execute(Q["see"], {"id": job_id})).fetchone()
    return str(row[1]) if row and not stopped else "cancelled"
