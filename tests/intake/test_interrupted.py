"""Imports that meet each other, and imports that are cut short."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from commands import run_command
from conftest import KeyMaker, environment, owner
from gridwarden.database import open_pool
from gridwarden.jobs import run_here
from gridwarden.settings import Settings
from intake.conftest import Bring, post, work
from intake.makers import geojson, polygon, table

Count = Callable[..., Any]
DO_ONE_JOB = """
import asyncio, sys
from gridwarden.database import open_pool
from gridwarden.intake import tasks
from gridwarden.jobs import run_here
from gridwarden.settings import Settings

async def one():
    settings = Settings()
    pool = await open_pool(settings, "worker")
    await run_here(int(sys.argv[1]), pool, settings)

asyncio.run(one())
"""


def houses(path: Path, heights: list[float]) -> Path:
    rows = [(polygon(at=i), {"id": f"b{i}", "height": h}) for i, h in enumerate(heights)]
    return geojson(path, rows)


def test_two_imports_of_one_dataset_follow_each_other(
    city: Settings, client: TestClient, sign_in: KeyMaker, tmp_path: Path, count: Count
) -> None:
    """Both are whole, whichever comes first: never a mixture."""
    headers = sign_in("supervisor")
    jobs = [
        post(
            client,
            headers,
            houses(tmp_path / f"{h}.geojson", [float(h)] * 50),
            layer="buildings",
            dataset="d",
        ).json()["job"]
        for h in (10, 20)
    ]

    async def both() -> list[str]:
        pool = await open_pool(city, "worker")
        try:
            return await asyncio.gather(*(run_here(j, pool, city) for j in jobs))
        finally:
            await pool.close()

    assert asyncio.run(both()) == ["finished", "finished"]
    assert count("select count(distinct height_m) from data.buildings") == 1
    assert count("select count(*) from data.buildings") == 50
    assert (
        count("select string_agg(version::text, ',' order by version) from data.dataset_version")
        == "1,2"
    )


def test_a_reader_never_sees_half(
    city: Settings, bring: Bring, tmp_path: Path, client: TestClient, sign_in: KeyMaker
) -> None:
    bring(houses(tmp_path / "1.geojson", [1.0] * 400), layer="buildings", dataset="d")
    seen: set[tuple[int, float]] = set()
    stop = threading.Event()

    def watch() -> None:
        with owner(city) as c:
            c.autocommit = True
            while not stop.is_set():
                row = c.execute("select count(*), sum(height_m) from data.buildings").fetchone()
                assert row is not None
                seen.add((row[0], row[1]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        fewer = houses(tmp_path / "2.geojson", [2.0] * 300)
        bring(fewer, layer="buildings", dataset="d", remove=100)
    finally:
        time.sleep(0.05)
        stop.set()
        watcher.join()
    assert seen == {(400, 400.0), (300, 600.0)}


def waiting(city: Settings) -> bool:
    """Whether somebody waits for the dataset's lock, with all rows staged."""
    with owner(city) as c:
        row = c.execute("select count(*) from pg_locks where not granted").fetchone()
    return bool(row and row[0])


def test_a_kill_in_the_middle_leaves_what_was_and_the_job_can_be_done_again(
    city: Settings,
    bring: Bring,
    tmp_path: Path,
    client: TestClient,
    sign_in: KeyMaker,
    count: Count,
) -> None:
    bring(houses(tmp_path / "1.geojson", [1.0] * 20), layer="buildings", dataset="d")
    asked = post(
        client,
        sign_in("supervisor"),
        houses(tmp_path / "2.geojson", [2.0] * 30),
        layer="buildings",
        dataset="d",
    ).json()
    with owner(city) as holder, holder.transaction():
        # The publication stops here, its rows staged and its rejects written.
        holder.execute("select from data.dataset where name = 'd' for update")
        worker = subprocess.Popen(
            [sys.executable, "-c", DO_ONE_JOB, str(asked["job"])], env=environment(city)
        )
        try:
            for _ in range(600):
                if waiting(city):
                    break
                assert worker.poll() is None, "the worker ended before it met the lock"
                time.sleep(0.05)
            else:
                pytest.fail("the worker never met the lock")
        finally:
            worker.kill()
            worker.wait()
    for _ in range(200):
        if not waiting(city):
            break
        time.sleep(0.05)
    assert count("select count(*) from data.buildings where height_m = 1") == 20
    assert count("select version from data.dataset where name = 'd'") == 1
    assert count("select count(*) from data.quarantine") == 0
    assert count("select state from data.import where id = %s", asked["id"]) == "running"
    assert work(city, asked["job"]) == "finished"
    assert count("select count(*) from data.buildings where height_m = 2") == 30
    assert count("select version from data.dataset where name = 'd'") == 2


def test_doing_a_finished_job_again_does_nothing(
    city: Settings, bring: Bring, tmp_path: Path, count: Count
) -> None:
    seen = bring(houses(tmp_path / "1.geojson", [1.0]), layer="buildings")
    with owner(city) as c:
        c.execute("update data.job set state = 'running' where id = %s", (seen["job_id"],))
    work(city, seen["job_id"])
    assert count("select count(*) from data.dataset_version") == 1
    assert count("select state from data.import where id = %s", seen["id"]) == "published"


def test_an_import_that_is_cancelled_while_it_waits_is_not_done(
    city: Settings, client: TestClient, sign_in: KeyMaker, tmp_path: Path, count: Count
) -> None:
    headers = sign_in("supervisor")
    made = houses(tmp_path / "1.geojson", [1.0] * 3)
    asked = post(client, headers, made, layer="buildings", dataset="d").json()
    assert client.delete(asked["job_url"], headers=headers).status_code < 300
    assert work(city, asked["job"]) == "cancelled"
    assert client.get(asked["url"], headers=headers).json()["state"] == "cancelled"
    assert count("select count(*) from data.buildings") == 0


def test_an_import_that_is_cancelled_while_it_runs_publishes_nothing(
    city: Settings, client: TestClient, sign_in: KeyMaker, tmp_path: Path, count: Count
) -> None:
    headers = sign_in("supervisor")
    made = houses(tmp_path / "1.geojson", [1.0] * 3)
    asked = post(client, headers, made, layer="buildings", dataset="d").json()
    ended: list[str] = []
    runner = threading.Thread(target=lambda: ended.append(work(city, asked["job"])))
    with owner(city) as holder, holder.transaction():
        # It has begun, and waits for this lock before its first row.
        lock = "select pg_advisory_xact_lock(hashtextextended('import ' || %s::text, 0))"
        holder.execute(lock, (str(asked["id"]),))
        runner.start()
        for _ in range(600):
            if waiting(city):
                break
            time.sleep(0.05)
        assert client.delete(asked["job_url"], headers=headers).status_code < 300
    runner.join(60)
    assert ended == ["cancelled"]
    assert client.get(asked["url"], headers=headers).json()["state"] == "cancelled"
    assert count("select count(*) from data.buildings") == 0


def test_a_file_that_is_gone_is_said(
    city: Settings, client: TestClient, sign_in: KeyMaker, tmp_path: Path
) -> None:
    headers = sign_in("supervisor")
    made = houses(tmp_path / "1.geojson", [1.0])
    asked = post(client, headers, made, layer="buildings", dataset="d").json()
    for kept in (city.files / str(asked["id"])).iterdir():
        kept.unlink()
    assert work(city, asked["job"]) == "failed"
    seen = client.get(asked["url"], headers=headers).json()
    assert seen["state"] == "failed"
    assert "again" in seen["say"]["en"]


def test_the_command_prints_what_came_of_it_and_ends_with_1_when_refused(
    city: Settings, tmp_path: Path, count: Count
) -> None:
    made = table(
        tmp_path / "s.csv", ["id", "lon", "lat", "places"], [["a", 114.3, 30.5, 4], ["b", 1, 1, 4]]
    )
    out = tmp_path / "rejects.csv"

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return run_command(city, "import", *words, GRIDWARDEN_LANGUAGE="en")

    told = ("--layer", "charging_sheds", "--dataset", "d", "--crs", "EPSG:4326")
    done = command(str(made), *told, "--rejects", str(out))
    assert done.returncode == 0, done.stderr
    assert "Published as version 1: 1 rows, 1 added" in done.stdout
    assert "outside the area" in done.stdout
    assert "outside_area" in out.read_text("utf-8-sig")
    assert count("select person like 'cli:%%' from data.import")
    for words in (
        (str(made), *told, "--as", "viewer"),
        (str(made), "--layer", "estates", "--dataset", "d"),
    ):
        refused = command(*words)
        assert refused.returncode == 1, words
        assert "Traceback" not in refused.stderr
        assert len(refused.stderr.strip()) > 20
