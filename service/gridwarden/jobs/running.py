"""One job from start to end: its tasks, its progress, its cancellation, its last words."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.jobs", "jobs.sql")
KEEPER = Caller("import", "worker")
"""The work role that keeps the books of jobs."""


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


Task = Callable[[Job, Settings], Awaitable[None]]
tasks: dict[str, Task] = {}


def task(kind: str) -> Callable[[Task], Task]:
    """Register what a kind of job does. Raises ValueError when the kind is taken."""

    def register(function: Task) -> Task:
        if kind in tasks:
            raise ValueError(f"two tasks are called {kind!r}")
        tasks[kind] = function
        return function

    return register


async def run_here(
    job_id: int,
    pool: Pool,
    settings: Settings,
    on_progress: Callable[[int, int | None, str], None] | None = None,
) -> str:
    """Run one queued job in this process, as the worker's login; returns its last state.

    A refusal (Problem) becomes the job's own sentence; anything else fails the job and is
    raised for the log. A job that another process ended, or that was cancelled, is left alone.
    """
    async with as_caller(pool, KEEPER) as connection:
        row = await (await connection.execute(Q["take"], {"id": job_id})).fetchone()
    if row is None:
        return await _end_cancelled(pool, job_id)
    kind, subject_id, role, person, org_ids = row
    caller = Caller(role.removeprefix("gridwarden_"), person or "worker", tuple(org_ids))
    job = Job(job_id, kind, subject_id, caller, pool, on_progress)
    state = "finished"
    try:
        await tasks[kind](job, settings)
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
    except BaseException:
        await _end(pool, job, "failed", {"type": "urn:gridwarden:problem:internal"})
        raise
    await _end(pool, job, state, job.say)
    return state


async def _end(pool: Pool, job: Job, state: str, say: dict[str, Any]) -> None:
    values = {"id": job.id, "state": state, "say": Jsonb(say)}
    async with as_caller(pool, KEEPER) as connection:
        await connection.execute(Q["end"], values)


async def _end_cancelled(pool: Pool, job_id: int) -> str:
    async with as_caller(pool, KEEPER) as connection:
        row = await (await connection.execute(Q["see"], {"id": job_id})).fetchone()
        if row and row[1] == "queued" and row[2]:
            values = {"id": job_id, "state": "cancelled", "say": Jsonb(row[3])}
            await connection.execute(Q["end"], values)
            return "cancelled"
    return str(row[1]) if row else "cancelled"
