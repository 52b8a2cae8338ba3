"""The worker process: takes jobs from the queue one after the other, and finishes old ones."""

import asyncio
from contextlib import nullcontext

import procrastinate

from gridwarden.database import Pool, open_pool
from gridwarden.database.cluster import login_dsn
from gridwarden.database.pool import RECONNECT_S, keep_out_readers
from gridwarden.jobs.companions import accompanied, drain_all
from gridwarden.jobs.recovering import recover
from gridwarden.jobs.running import Job, away, chores, run_here
from gridwarden.settings import Settings
from gridwarden.words.telling import fault, log

GRACE_S = 5.0
"""What a job may still take to end when the worker is told to stop; then it is put back."""
CHORES_S = 60.0
AGAIN_S = 2.0


class PutBack(procrastinate.BaseRetryStrategy):
    """A job that was running when its worker was told to stop, or its database went away, goes back
    into the queue."""

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        """At once for these; never for what failed by itself."""
        stopped = isinstance(
            exception, asyncio.CancelledError | procrastinate.exceptions.JobAborted
        )
        if stopped or away(exception):
            return procrastinate.RetryDecision(retry_in={"seconds": 0})
        return None


def queue_app(settings: Settings, pool: Pool) -> procrastinate.App:
    """procrastinate over the worker's own login; its tables lie in schema `jobs`."""
    connector = procrastinate.PsycopgConnector(
        conninfo=login_dsn(settings, "worker", "-c search_path=jobs"),
        min_size=1,
        max_size=2,
        reconnect_timeout=RECONNECT_S,
        reset=keep_out_readers,
    )
    app = procrastinate.App(connector=connector)

    @app.task(name="gridwarden", retry=PutBack(), pass_context=True)
    async def gridwarden(context: procrastinate.JobContext, job_id: int) -> None:
        tries = context.job.attempts
        try:
            await run_here(job_id, pool, settings, on_end=_tell, put_back=True, tries=tries)
        except Exception as error:
            if away(error):
                log.warning("job put back: its database went away", job=job_id)
                raise
            log.error("job failed", job=job_id, **fault(error))

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
        recovery = asyncio.create_task(recover(app, pool))
        house = asyncio.create_task(_keep_house(pool, settings))
        try:
            while not await _queue_worked(app, until_empty):
                await asyncio.sleep(AGAIN_S)
        finally:
            recovery.cancel()
            house.cancel()


async def _queue_worked(app: procrastinate.App, until_empty: bool) -> bool:
    """Work until told to stop; False where the queue's database went away, or takes no writes."""
    try:
        await app.run_worker_async(
            wait=not until_empty,
            concurrency=1,
            fetch_job_polling_interval=1.0,
            install_signal_handlers=True,
            shutdown_graceful_timeout=GRACE_S,
            delete_jobs="successful",
        )
    except procrastinate.exceptions.ConnectorException as error:
        if until_empty or not away(error):
            raise
        log.warning("the queue is away; it is asked again", **fault(error.__cause__))
        return False
    return True


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
