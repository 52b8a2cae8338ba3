"""A job runs once, whoever gets it, and outlives the worker that was running it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from conftest import environment, owner
from gridwarden.database import Caller, as_caller, open_pool
from gridwarden.jobs import Job, queue, run_here, task
from gridwarden.settings import Settings

ran: list[int] = []


@task("count")
async def count(job: Job, settings: Settings) -> None:
    """Notes that it ran, and takes long enough for another runner to come by."""
    ran.append(job.id)
    await asyncio.sleep(0.5)


WORKER = """
import asyncio, sys
from pathlib import Path
from gridwarden.jobs import task, work
from gridwarden.settings import Settings

@task("slow")
async def slow(job, settings):
    seen = Path(sys.argv[1])
    first = not seen.exists()
    seen.write_text("seen")
    if first:
        await asyncio.sleep(600)

asyncio.run(work(Settings()))
"""


async def queued(settings: Settings, kind: str) -> int:
    """A job of this kind, queued as a planner would."""
    pool = await open_pool(settings, "web")
    try:
        async with as_caller(pool, Caller("planner", "test")) as c:
            return await queue(c, kind=kind)
    finally:
        await pool.close()


def state_of(settings: Settings, job: int) -> str:
    with owner(settings) as c:
        row = c.execute("select state from data.job where id = %s", (job,)).fetchone()
    assert row
    return str(row[0])


def test_two_runners_of_one_job_run_it_once(city: Settings) -> None:
    async def both() -> tuple[int, list[str]]:
        job = await queued(city, "count")
        pool = await open_pool(city, "worker")
        try:
            return job, list(await asyncio.gather(*(run_here(job, pool, city) for _ in range(6))))
        finally:
            await pool.close()

    ran.clear()
    job, states = asyncio.run(both())
    assert ran == [job]
    assert states == ["finished"] * 6


def test_a_job_whose_worker_was_killed_is_finished_by_the_next(
    city: Settings, tmp_path: Path
) -> None:
    job = asyncio.run(queued(city, "slow"))
    seen = tmp_path / "seen"
    command = [sys.executable, "-c", WORKER, str(seen)]
    first = subprocess.Popen(command, env=environment(city), stderr=subprocess.DEVNULL)
    try:
        while not seen.exists():
            assert first.poll() is None
            time.sleep(0.1)
        assert state_of(city, job) == "running"
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    second = subprocess.Popen(command, env=environment(city), stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120
        while state_of(city, job) != "finished":
            assert time.monotonic() < until, state_of(city, job)
            time.sleep(0.5)
    finally:
        second.terminate()
        second.wait(20)
