"""The worker process: takes jobs from the queue one after the other, and finishes old ones."""

import asyncio
import traceback
from contextlib import nullcontext
from pathlib import Path

import procrastinate
import psycopg

from gridwarden.database import Pool, open_pool
from gridwarden.database.cluster import login_dsn
from gridwarden.jobs.companions import accompanied, drain_all
from gridwarden.jobs.running import Job, chores, run_here
from gridwarden.jobs.telling import log
from gridwarden.settings import Settings

GRACE_S = 5.0
"""What a job may still take to end when the worker is told to stop; then it is put back."""
DEAD_S = 20.0
"""A worker without a heartbeat for so long has died; they come every 10 s."""
CHORES_S = 60.0


class PutBack(procrastinate.BaseRetryStrategy):
    """A job that was running when its worker was told to stop goes back into the queue."""

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        """At once for a stop; never for what failed by itself."""
        stopped = isinstance(
            exception, asyncio.CancelledError | procrastinate.exceptions.JobAborted
        )
        return procrastinate.RetryDecision(retry_in={"seconds": 0}) if stopped else None


def queue_app(settings: Settings, pool: Pool) -> procrastinate.App:
    """procrastinate over the worker's own login; its tables lie in schema `jobs`."""
    connector = procrastinate.PsycopgConnector(
        conninfo=login_dsn(settings, "worker"),
        kwargs={"options": "-c search_path=jobs"},
        min_size=1,
        max_size=2,
    )
    app = procrastinate.App(connector=connector)

    @app.task(name="gridwarden", retry=PutBack())
    async def gridwarden(job_id: int) -> None:
        try:
            await run_here(job_id, pool, settings, on_end=_tell, put_back=True)
        except Exception as error:
            # Where it broke, never what it said: a database error quotes the row it refused.
            frames = traceback.extract_tb(error.__traceback__)[-4:]
            where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
            log.error("job failed", job=job_id, error=type(error).__name__, where=where)

    return app


def _tell(job: Job, state: str) -> None:
    log.info("job ended", job=job.id, kind=job.kind, state=state)


async def work(settings: Settings, *, until_empty: bool = False) -> None:
    """Run jobs and companions until the process is told to stop.

    With `until_empty` until no job is left, and then what companions have to do now.
    """
    with nullcontext() if until_empty else accompanied(settings):
        pool = await open_pool(settings, "worker")
        try:
            await _jobs(pool, settings, until_empty)
            if until_empty:
                await drain_all(pool, settings)
        finally:
            await pool.close()


async def _jobs(pool: Pool, settings: Settings, until_empty: bool) -> None:
    app = queue_app(settings, pool)
    await _chores(pool, settings)
    async with app.open_async():
        recovery = asyncio.create_task(recover(app))
        house = asyncio.create_task(_keep_house(pool, settings))
        try:
            await app.run_worker_async(
                wait=not until_empty,
                concurrency=1,
                fetch_job_polling_interval=1.0,
                install_signal_handlers=True,
                shutdown_graceful_timeout=GRACE_S,
                delete_jobs="successful",
            )
        finally:
            recovery.cancel()
            house.cancel()


async def recover(app: procrastinate.App, every_s: float = DEAD_S / 2) -> None:
    """Take up again, for as long as this worker lives, the jobs of workers that died.

    A database that does not answer now (restarted, too busy) is asked again the next time.
    """
    while True:
        try:
            for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_S):
                await app.job_manager.retry_job(stalled)
        except (psycopg.Error, procrastinate.exceptions.ConnectorException) as error:
            log.error("recovery failed", error=type(error).__name__)
        await asyncio.sleep(every_s)


async def _keep_house(pool: Pool, settings: Settings) -> None:
    while True:
        await asyncio.sleep(CHORES_S)
        await _chores(pool, settings)


async def _chores(pool: Pool, settings: Settings) -> None:
    """Do every chore once. One that fails is told and tried again: jobs do not wait for it."""
    for one in chores:
        try:
            await one(pool, settings)
        except Exception as error:
            log.error("chore failed", chore=one.__name__, error=type(error).__name__)
