"""What was brought is kept for as long as it is needed, and not a day longer."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.jobs import work as run_worker
from gridwarden.settings import Settings
from intake.conftest import Bring, post, work
from intake.makers import geojson, point, polygon

Count = Callable[..., Any]


def houses(path: Path, n: int) -> Path:
    return geojson(path, [(polygon(at=i), {"id": f"b{i}"}) for i in range(n)])


def kept(city: Settings) -> set[int]:
    """The imports whose files are there; those of cities before this one are not ours to count."""
    with owner(city) as c:
        known = {row[0] for row in c.execute("select id from data.import").fetchall()}
    return {int(p.name) for p in city.files.iterdir() if p.name.isdigit()} & known


def test_the_file_goes_when_its_import_has_ended_however_it_ended(
    city: Settings, bring: Bring, tmp_path: Path, count: Count
) -> None:
    made = houses(tmp_path / "1.geojson", 3)
    states = [
        bring(made, layer="buildings", dry_run="true")["state"],
        bring(made, layer="buildings")["state"],
        bring(made, layer="buildings")["state"],
        bring(made, layer="buildings", where="nope=1")["state"],
    ]
    assert states == ["checked", "published", "unchanged", "failed"]
    assert kept(city) == set()
    assert count("select bool_and(length(sha256) = 64 and file_name <> '') from data.import")


def test_a_file_with_rejects_stays_until_a_clean_one_is_published_or_its_days_are_over(
    city: Settings, bring: Bring, tmp_path: Path, count: Count
) -> None:
    made = houses(tmp_path / "1.geojson", 3)
    bad = geojson(tmp_path / "bad.geojson", [(polygon(), {"id": "b0"}), (point(), {"id": "x"})])
    worse = geojson(tmp_path / "worse.geojson", [(point(), {"id": "x"})])
    stay = [
        bring(bad, layer="buildings", dataset="a")["id"],
        bring(worse, layer="buildings", dataset="b")["id"],
        bring(made, layer="buildings", dataset="c", dry_run="true")["id"],
    ]
    assert kept(city) == set(stay)
    assert count("select count(distinct import_id) from data.import_change") == 1
    bring(made, layer="buildings", dataset="a")
    assert kept(city) == set(stay[1:])
    with owner(city) as c:
        c.execute("update data.import set finished_at = finished_at - interval '31 days'")
    asyncio.run(run_worker(city, until_empty=True))
    assert kept(city) == set()
    assert count("select count(*) from data.import_change") == 0


def test_a_held_file_stays_until_the_answer_and_goes_with_it(
    city: Settings, client: TestClient, bring: Bring, tmp_path: Path
) -> None:
    bring(houses(tmp_path / "1.geojson", 5), layer="buildings")
    seen = bring(houses(tmp_path / "2.geojson", 2), layer="buildings")
    assert kept(city) == {seen["id"]}
    asyncio.run(run_worker(city, until_empty=True))
    assert kept(city) == {seen["id"]}
    client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 3})
    work(city, seen["job_id"])
    assert kept(city) == set()


@pytest.mark.parametrize("when", ["waiting", "held"])
def test_a_cancelled_file_goes_with_the_worker_s_next_round(
    city: Settings,
    client: TestClient,
    bring: Bring,
    sign_in: KeyMaker,
    tmp_path: Path,
    when: str,
) -> None:
    bring(houses(tmp_path / "1.geojson", 5), layer="buildings")
    if when == "held":
        seen = bring(houses(tmp_path / "2.geojson", 2), layer="buildings")
        headers = seen["headers"]
    else:
        headers = sign_in("supervisor")
        made = houses(tmp_path / "2.geojson", 2)
        seen = post(client, headers, made, layer="buildings", dataset="d").json()
    assert kept(city) == {seen["id"]}
    assert client.delete(seen["job_url"], headers=headers).status_code == 202
    asyncio.run(run_worker(city, until_empty=True))
    assert kept(city) == set()


def test_a_worker_that_starts_throws_away_what_a_crash_left(
    city: Settings, bring: Bring, client: TestClient, sign_in: KeyMaker, tmp_path: Path
) -> None:
    ended = bring(houses(tmp_path / "1.geojson", 3), layer="buildings")
    young, old = city.files / "900000001", city.files / "900000002"
    for folder in (city.files / str(ended["id"]), young, old):
        folder.mkdir()
        (folder / "source.geojson").write_text("{}")
    day_before_yesterday = time.time() - 2 * 86_400
    os.utime(old, (day_before_yesterday, day_before_yesterday))
    asyncio.run(run_worker(city, until_empty=True))
    assert kept(city) == set()
    assert (young.exists(), old.exists()) == (True, False)
    young.joinpath("source.geojson").unlink()
    young.rmdir()
