"""The worker itself: killed in the middle of a step, and awake when something is committed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import shapely
from fastapi.testclient import TestClient
from psycopg import sql
from shapely.ops import transform

from conftest import KeyMaker, environment
from gridwarden.settings import Settings

from .bringing import DEGREES, Supplier, edition, supplied
from .ground import Act, box
from .machine import START
from .test_mutants import MAIN, WALL
from .town import Q, Town

LONG_S = 60
"""Nobody waits so long but where something is broken."""


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    """One town for all: each test empties it."""
    made = Town(module_city)
    yield made
    made.close()


@pytest.fixture(scope="module")
def supplier(town: Town) -> Iterator[Supplier]:
    with supplied(town) as one:
        yield one


@contextmanager
def worker(town: Town) -> Iterator["subprocess.Popen[bytes]"]:
    """`gridwarden worker`, until the block ends."""
    one = subprocess.Popen(
        [sys.executable, "-m", "gridwarden", "worker"],
        env=environment(town.settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield one
    finally:
        one.terminate()
        one.wait(LONG_S)


def until(what: Callable[[], bool]) -> float:
    """Wait for it; how long it took (seconds)."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() < began + LONG_S
        time.sleep(0.005)
    return time.monotonic() - began


# ---------------------------------------------------------------------------- killed
@pytest.mark.parametrize("table", ["finding", "screen_step"])
def test_what_a_killed_worker_had_not_finished_the_next_one_does(town: Town, table: str) -> None:
    """Killed as it looks whom to judge again, and when all but the end is written."""
    town.empty()
    town.at_once(*START)
    waiting = town.rows(Q["waiting"])
    assert waiting
    with town.holder.transaction():
        town.holder.execute(
            sql.SQL("lock table {} in access exclusive mode").format(sql.Identifier("data", table))
        )
        me = town.holder.info.backend_pid
        with worker(town) as first:
            query = "select 1 from pg_stat_activity where %s = any (pg_blocking_pids(pid))"
            until(lambda: bool(town.rows(query, (me,))))
            os.kill(first.pid, signal.SIGKILL)
            first.wait()
    until(lambda: not town.rows("select 1 from pg_locks where locktype = 'advisory'"))
    assert town.rows(Q["waiting"]) == waiting
    assert town.rows("select 1 from data.finding") == town.rows("select 1 from data.event") == []
    with worker(town):
        until(lambda: not town.rows(Q["waiting"]))
    assert town.rows("select 1 from data.finding")
    town.check()


# ---------------------------------------------------------------------------- awake
class Heard:
    """What the outbox says of one feature's findings, as it comes."""

    def __init__(self, town: Town, path: str) -> None:
        self.town = town
        self.path = path
        self.lags: list[float] = []

    def hears(self, layer: str, number: int, *acts: str) -> None:
        """Wait until these acts were told of it, in this order."""
        query = (
            "select act from data.event where topic = 'finding' and layer = %s"
            " and subject_id = %s and family = 'main_encroachment' order by id"
        )
        self.lags.append(until(lambda: len(self.town.rows(query, (layer, number))) >= len(acts)))
        assert tuple(row[0] for row in self.town.rows(query, (layer, number))) == acts

    def tell(self) -> None:
        """How long it took, for whoever looks on (`pytest -s`)."""
        said = ", ".join(f"{1000 * lag:.0f}" for lag in self.lags)
        print(f"{self.path}: {said} ms from the commit to the event")


def test_findings_appear_change_and_end_when_something_is_committed(
    town: Town, supplier: Supplier, module_client: TestClient, module_sign_in: KeyMaker
) -> None:
    town.empty()
    town.at_once(MAIN)
    town.drain()
    with worker(town):
        listens = (
            "select 1 from pg_stat_activity where query like '%%listen gridwarden_change'"
            " and pid <> pg_backend_pid()"
        )
        until(lambda: bool(town.rows(listens)))
        _by_hand(town)
        _by_the_feature_api(town, module_client, module_sign_in("supervisor", all_districts=True))
        _by_an_import(town, supplier)
        until(lambda: not town.rows(Q["waiting"]))
    town.check()


def _by_hand(town: Town) -> None:
    heard = Heard(town, "SQL by hand")
    town.at_once(WALL)
    ((number,),) = town.rows("select id from data.buildings")
    heard.hears("buildings", number, "appeared")
    town.at_once(Act("move", "buildings", by=(0, 0.2)))
    heard.hears("buildings", number, "appeared", "changed")
    town.at_once(Act("delete", "buildings"))
    heard.hears("buildings", number, "appeared", "changed", "ended")
    heard.tell()


def _by_the_feature_api(town: Town, client: TestClient, key: dict[str, str]) -> None:
    heard = Heard(town, "feature API")
    shape = transform(DEGREES.transform, shapely.from_wkt(box(20, 0.6, 10, 10)))
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(shape)}
    feature["properties"] = {"accuracy_m": 0.0}
    made = client.post("/ogc/collections/buildings/items", json=feature, headers=key)
    assert made.status_code == 201, made.text
    number = int(made.headers["location"].rsplit("/", 1)[1])
    heard.hears("buildings", number, "appeared")
    path = f"/ogc/collections/buildings/items/{number}"
    less = {"properties": {"accuracy_m": 0.3}}
    sent = key | {"If-Match": made.headers["etag"], "Content-Type": "application/merge-patch+json"}
    changed = client.patch(path, json=less, headers=sent)
    assert changed.status_code == 200, changed.text
    heard.hears("buildings", number, "appeared", "changed")
    gone = client.delete(path, headers=key | {"If-Match": changed.headers["etag"]})
    assert gone.status_code == 204, gone.text
    heard.hears("buildings", number, "appeared", "changed", "ended")
    heard.tell()


def _by_an_import(town: Town, supplier: Supplier) -> None:
    heard = Heard(town, "import")
    state = "select state from data.import where id = %s"
    for number, many in ((0, 3), (1, 3), (2, 2)):
        text = edition("gas_pipelines", number, many)
        asked, _ = supplier.ask("gas_pipelines", text, remove=3 - many)
        until(lambda asked=asked: town.rows(state, (asked,)) == [("published",)])  # type: ignore[misc]
        heard.lags.append(until(lambda: not town.rows(Q["waiting"])))
    heard.tell()
    told = town.rows(
        "select distinct act from data.event where layer = 'gas_pipelines' and topic = 'finding'"
    )
    assert {("appeared",), ("ended",)} <= set(told)
