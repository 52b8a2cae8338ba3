"""A job runs once, whoever gets it, and outlives the worker that was running it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from commands import run_command
from conftest import environment, free_port, owner
from gridwarden.database import Caller, as_caller, open_pool
from gridwarden.jobs import Job, queue, run_here, task, work
from gridwarden.jobs.recovering import recover
from gridwarden.jobs.worker import queue_app
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
    with owner(city) as c:  # and it seems to live, for the clock was set back meanwhile
        c.execute("update jobs.procrastinate_workers set last_heartbeat = now() + interval '1 h'")
    second = subprocess.Popen(command, env=environment(city), stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120
        while state_of(city, job) != "finished":
            assert time.monotonic() < until, state_of(city, job)
            time.sleep(0.5)
    finally:
        second.terminate()
        second.wait(20)


def test_recovery_goes_on_after_the_database_has_failed_it(city: Settings) -> None:
    job = asyncio.run(queued(city, "count"))
    with owner(city) as c:
        c.execute("set search_path = jobs")
        c.execute("update procrastinate_jobs set status = 'doing'")  # by one that died
        c.execute("alter table jobs.procrastinate_jobs rename to gone")

    async def wait() -> None:
        pool = await open_pool(city, "worker")
        app = queue_app(city, pool)
        try:
            async with app.open_async():
                task = asyncio.create_task(recover(app, pool, every_s=0.05))
                await asyncio.sleep(0.5)
                assert not task.done()
                with owner(city) as c:
                    c.execute("alter table jobs.gone rename to procrastinate_jobs")
                while not task.done() and status() != "todo":
                    await asyncio.sleep(0.05)
                assert not task.done()
                task.cancel()
        finally:
            await pool.close()

    def status() -> str:
        with owner(city) as c:
            row = c.execute("select status from jobs.procrastinate_jobs").fetchone()
        assert row
        return str(row[0])

    asyncio.run(asyncio.wait_for(wait(), 60))
    assert state_of(city, job) == "queued"


def test_a_job_that_kills_whoever_does_it_ends_at_last_and_one_that_the_queue_lost_is_done(
    city: Settings,
) -> None:
    killer, lost, late = (asyncio.run(queued(city, "count")) for _ in range(3))
    ran.clear()
    with owner(city) as c:
        c.execute("set search_path = jobs")
        job = "(args->>'job_id')::bigint"
        c.execute(f"update procrastinate_jobs set attempts = 6 where {job} = %s", (killer,))
        c.execute(f"delete from procrastinate_jobs where {job} = %s", (lost,))
        # put back just before the clock was set back by an hour
        later = f"update procrastinate_jobs set scheduled_at = now() + '1 h' where {job} = %s"
        c.execute(later, (late,))

    async def all_of_them() -> None:
        async with asyncio.timeout(60):
            working = asyncio.create_task(work(city))
            while "queued" in {state_of(city, job) for job in (killer, lost, late)}:
                await asyncio.sleep(0.2)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    asyncio.run(all_of_them())
    assert [state_of(city, job) for job in (killer, lost, late)] == ["failed"] + ["finished"] * 2
    assert sorted(ran) == [lost, late]
    with owner(city) as c:
        told = c.execute("select say->>'en' from data.job where id = %s", (killer,)).fetchone()
    assert told and "begun 5 times" in told[0]


def test_a_job_of_any_number_runs(city: Settings) -> None:
    with owner(city) as c:
        c.execute("alter table data.job alter column id restart with 5000000000")

    async def one() -> tuple[int, str]:
        job = await queued(city, "count")
        pool = await open_pool(city, "worker")
        try:
            return job, await run_here(job, pool, city)
        finally:
            await pool.close()

    ran.clear()
    assert asyncio.run(one()) == (5000000000, "finished")
    assert ran == [5000000000]


def test_what_has_ended_does_not_end_again_and_what_nobody_wants_ends(city: Settings) -> None:
    @task("ended meanwhile")
    async def ended(job: Job, settings: Settings) -> None:
        with owner(settings) as c:
            c.execute("update data.job set state = 'cancelled' where id = %s", (job.id,))

    async def run(job: int) -> str:
        pool = await open_pool(city, "worker")
        try:
            return await run_here(job, pool, city)
        finally:
            await pool.close()

    job = asyncio.run(queued(city, "ended meanwhile"))
    asyncio.run(run(job))
    assert state_of(city, job) == "cancelled"

    left = asyncio.run(queued(city, "count"))
    with owner(city) as c:  # its runner died after somebody had asked for it to stop
        c.execute("update data.job set state = 'running', cancel = true where id = %s", (left,))
    assert asyncio.run(run(left)) == "cancelled"
    assert state_of(city, left) == "cancelled"


def test_a_worker_that_is_told_to_stop_puts_its_job_back(city: Settings, tmp_path: Path) -> None:
    job = asyncio.run(queued(city, "slow"))
    seen = tmp_path / "seen"
    command = [sys.executable, "-c", WORKER, str(seen)]
    first = subprocess.Popen(command, env=environment(city), stderr=subprocess.DEVNULL)
    while not seen.exists():
        assert first.poll() is None
        time.sleep(0.1)
    first.terminate()
    first.wait(60)
    with owner(city) as c:
        waiting = c.execute(
            "select count(*) from jobs.procrastinate_jobs where status = 'todo'"
        ).fetchone()
    assert waiting == (1,)
    second = subprocess.Popen(command, env=environment(city), stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while state_of(city, job) != "finished":
            assert time.monotonic() < until, state_of(city, job)
            time.sleep(0.2)
    finally:
        second.terminate()
        second.wait(20)


def workers_of(process: int) -> list[int]:
    """Those of its child processes that are workers, whichever of its threads started them."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(pid) for each in tasks for pid in each.read_text().split()]
    return [pid for pid in children if b"worker" in _command(pid)]


def _command(process: int) -> list[bytes]:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return []


def test_the_service_replaces_a_dead_worker_and_takes_it_along_when_it_ends(
    city: Settings,
) -> None:
    settings = city.model_copy(update={"port": free_port()})
    command = [sys.executable, "-m", "gridwarden", "serve"]
    service = subprocess.Popen(command, env=environment(settings), stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not workers_of(service.pid):
            assert service.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        (worker,) = workers_of(service.pid)
        os.kill(worker, signal.SIGKILL)
        while workers_of(service.pid) in ([], [worker]):
            assert time.monotonic() < until
            time.sleep(0.1)
        (another,) = workers_of(service.pid)
        time.sleep(3)  # let it and the service get as far as they are in an office
    finally:
        service.terminate()
    service.wait(60)
    assert not Path(f"/proc/{another}").exists()


def test_a_command_without_its_database_says_one_sentence(city: Settings) -> None:
    gone = "postgresql://u:p@127.0.0.1:9/none"
    done = run_command(city, "layers", GRIDWARDEN_DATABASE_URL=gone)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3
