"""kill -9 of PostgreSQL, the service and the worker, while an import is being published and a
change screened: nothing is lost, nothing half seen, all is done by itself, and meanwhile 503 says
when to come back.

A worker that is killed in a step of the screener: screening/never_stale/test_worker.py; one that is
killed while it publishes, and the same by hand: intake/test_interrupted.py, jobs/test_running.py.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import owner
from faults.office import MAIN, Office, Watch, blocked_by, kill_cluster, nothing_is_stale, office
from gridwarden.settings import Settings


@pytest.fixture(scope="module")
def at_work(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office with a main that every house stands on."""
    with owner(module_city) as c:
        c.execute(MAIN.encode())
    with office(module_city, tmp_path_factory.mktemp("office")) as made:
        yield made


@contextmanager
def held_up(made: Office, dataset: str) -> Iterator[psycopg.Connection[Any]]:
    """While the block lasts an import stands as it publishes, and a step of the screener as it
    writes: what they wait for is held.
    """
    with suppress(psycopg.OperationalError), owner(made.settings) as holder, holder.transaction():
        holder.execute("lock table data.finding in access exclusive mode")
        holder.execute("select from data.dataset where name = %s for update", (dataset,))
        yield holder


def test_the_same_file_ten_times_six_at_once_is_there_once(at_work: Office) -> None:
    heights = [7.0] * 60
    with Watch(at_work.settings) as watch, ThreadPoolExecutor(6) as six:
        asked = list(six.map(lambda _: at_work.bring("same", heights), range(10)))
        at_work.wait(lambda: all(at_work.state(one) in ("published", "unchanged") for one in asked))
    states = sorted(at_work.state(one) for one in asked)
    assert states == ["published"] + ["unchanged"] * 9
    assert watch.seen == {(), ((7.0, 60),)}
    assert at_work.rows("select version from data.dataset where name = 'same'") == [(1,)]
    history = "select count(*) from data.history where layer = 'buildings'"
    assert at_work.one(history) == 60
    at_work.wait(at_work.nothing_waits)
    assert at_work.one("select count(*) from data.finding") > 0
    assert list(at_work.settings.files.glob("[0-9]*")) == []


@pytest.mark.parametrize(
    ("number", "victim"),
    [
        (1, "postmaster"),
        pytest.param(2, "backend", marks=pytest.mark.deep),
        pytest.param(3, "worker", marks=pytest.mark.deep),
    ],
)
def test_what_stood_in_the_middle_is_done_when_its_process_was_killed(
    at_work: Office, number: int, victim: str
) -> None:
    was, becomes = 10.0 + number, 20.0 + number
    first = at_work.bring(victim, [was] * 40)
    at_work.wait(lambda: at_work.state(first) == "published")
    at_work.wait(at_work.nothing_waits)
    with Watch(at_work.settings) as watch:
        with held_up(at_work, victim) as holder:
            second = at_work.bring(victim, [becomes] * 50)
            with owner(at_work.settings) as c:
                c.execute("update data.gas_pipelines set accuracy_m = accuracy_m + 0.01")
            at_work.wait(lambda: blocked_by(holder) >= 2)
            answers = killed(at_work, victim)
        took = at_work.wait(lambda: at_work.state(second) == "published")
        took += at_work.wait(at_work.nothing_waits)
    print(f"{victim} killed: all was done after {took:.1f} s")
    assert ("away" in answers) == (victim != "worker")
    seen = [dict(one) for one in watch.seen]
    assert {(one.get(was, 0), one.get(becomes, 0)) for one in seen} == {(40, 0), (0, 50)}
    assert at_work.one("select version from data.dataset where name = %s", victim) == 2
    nothing_is_stale(at_work)


def killed(made: Office, victim: str) -> set[str]:
    """Kill it; how the service answered until all was there again."""
    if victim == "postmaster":
        kill_cluster(made.settings)
    elif victim == "backend":
        screening = made.one(
            "select pid from pg_stat_activity where application_name = 'gridwarden worker'"
            " and wait_event_type = 'Lock' order by pid limit 1"
        )
        os.kill(screening, signal.SIGKILL)
    else:
        os.kill(made.worker(), signal.SIGKILL)
    answers = set()
    until = time.monotonic() + 3
    while time.monotonic() < until or answers == {"away"}:
        answers.add(made.state({"url": "/api/imports/1"}))
        time.sleep(0.05)
        if len(answers) > 1:
            break
    return answers


def test_a_service_that_is_killed_takes_its_worker_along_and_the_next_goes_on(
    at_work: Office,
) -> None:
    first = at_work.bring("service", [1.0] * 30)
    at_work.wait(lambda: at_work.state(first) == "published")
    with held_up(at_work, "service") as holder:
        second = at_work.bring("service", [2.0] * 30)
        at_work.wait(lambda: blocked_by(holder) >= 1)
        worker = at_work.worker()
        at_work.kill()
        at_work.wait(lambda: not Path(f"/proc/{worker}").exists())
    at_work.begin()
    at_work.wait(lambda: at_work.state(second) == "published")
    assert at_work.one("select count(*) from data.buildings where height_m = 2.0") == 30


def test_the_log_says_what_died_and_what_was_done_line_by_line(at_work: Office) -> None:
    said = {line["event"] for line in at_work.lines()}
    assert "the database had died; it was started again" in said
    assert "jobs taken up again" in said or "job put back: its database went away" in said
