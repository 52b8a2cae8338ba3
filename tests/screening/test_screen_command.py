"""Screening as people start it: on the command line, and by HTTP for the worker."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from commands import run_command
from conftest import KeyMaker, bearer, make_key
from gridwarden.database import open_pool
from gridwarden.jobs import run_here
from gridwarden.screening import tasks as _tasks  # noqa: F401  (registers the job)

from .conftest import STEEL_MA, DrawnCity


def test_the_command_prints_what_it_found(drawn: DrawnCity) -> None:
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    done = run_command(drawn.settings, "screen", "--full", GRIDWARDEN_LANGUAGE="en")
    assert done.returncode == 0, done.stderr
    assert "1 new, 0 changed, 0 gone" in done.stdout
    assert "general" in done.stdout
    assert len(drawn.findings("main_encroachment")) == 1


def test_a_queued_screen_is_run_by_the_worker_and_tells_counts_alone(
    drawn: DrawnCity, client: TestClient, sign_in: KeyMaker
) -> None:
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    supervisor = sign_in("supervisor")
    asked = client.post("/api/screenings", headers=supervisor)
    assert asked.status_code == 202
    assert asked.headers["Location"] == asked.json()["job"]

    async def work() -> str:
        pool = await open_pool(drawn.settings, "worker")
        try:
            return await run_here(asked.json()["id"], pool, drawn.settings)
        finally:
            await pool.close()

    assert asyncio.run(work()) == "finished"
    job = client.get(asked.json()["job"], headers=supervisor).json()
    assert (job["state"], job["done"]) == ("finished", job["total"])
    assert job["say"]["screened"]["added"] == 1
    assert client.post("/api/screenings", headers=sign_in("viewer")).status_code == 403


@pytest.mark.parametrize("role", ["utility", "planner", "administrator"])
def test_who_looks_at_no_main_is_told_no_count_that_a_main_decides(
    drawn: DrawnCity, client: TestClient, role: str
) -> None:
    """Else a dig of one's own, brought near another company's main, would measure it."""
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    headers = bearer(make_key(drawn.settings, role, org_ids=(7,) if role == "utility" else ()))
    job = client.post("/api/screenings", headers=headers).json()["id"]

    async def work() -> str:
        pool = await open_pool(drawn.settings, "worker")
        try:
            return await run_here(job, pool, drawn.settings)
        finally:
            await pool.close()

    assert asyncio.run(work()) == "finished"
    [(said,)] = drawn.sql("select say -> 'screened' from data.job where id = %s", (job,))
    assert (said["added"], said["changed"], said["removed"]) == (0, 0, 0)
    told = {one["family"] for part in ("findings", "steps", "split") for one in said[part]}
    mains = drawn.sql(
        "select distinct family from data.rule where counterpart = 'gas_pipelines'"
        " or 'gas_pipelines' = any (subjects)"
    )
    assert not told & {family for (family,) in mains}
    assert len(drawn.findings("main_encroachment")) == 1, "they are found all the same"


def test_a_screen_asked_for_often_is_queued_once(
    drawn: DrawnCity, client: TestClient, sign_in: KeyMaker
) -> None:
    company, bureau = sign_in("utility", org_ids=(7,)), sign_in("supervisor")
    with ThreadPoolExecutor(6) as many:
        asked = list(
            many.map(lambda _: client.post("/api/screenings", headers=company).json(), range(12))
        )
    assert len({one["id"] for one in asked}) == 1
    assert client.get(asked[0]["job"], headers=company).json()["state"] == "queued"
    other = client.post("/api/screenings", headers=bureau).json()
    assert client.get(other["job"], headers=bureau).json()["state"] == "queued"
    assert drawn.sql("select count(*) from data.job where kind = 'screen'") == [(2,)]
    drawn.sql("update data.job set state = 'running' where id = %s", (asked[0]["id"],))
    assert client.post("/api/screenings", headers=company).json()["id"] > other["id"]
