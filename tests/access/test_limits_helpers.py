"""Maps are drawn by processes beside the service: the same maps, whatever becomes of them."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner, served
from gridwarden.access.limits.helper import LESS_URGENT
from gridwarden.settings import Settings
from layers.conftest import fill
from maps.small_city import build_assets

CELLS = "/api/cells/square-500"
ONCE = re.compile(r'nonce="[^"]+"|"cut_off": "[^"]+"|<time[^>]*>[^<]*</time>|\d+(:|时)\d\d')
"""What differs each time that a map is drawn."""


def helpers() -> set[int]:
    """The helpers of this process."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == os.getpid() and b"gridwarden.access.limits.helper" in command:
                found.add(int(folder.name))
    return found


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that comes soon."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@contextmanager
def held_up(settings: Settings) -> Iterator[None]:
    """Whoever counts findings waits."""
    with owner(settings) as c, c.transaction():
        c.execute("lock table data.finding in access exclusive mode")
        yield


@pytest.fixture(scope="module")
def office(module_city: Settings, module_sign_in: KeyMaker) -> dict[str, str]:
    """A city with findings to draw, and who may see them."""
    build_assets(module_city.home)
    with owner(module_city) as c:
        fill(c)
    return module_sign_in("supervisor", all_districts=True)


@pytest.fixture(scope="module")
def service(module_city: Settings, office: dict[str, str]) -> Iterator[httpx.Client]:
    """A service with one helper, which ends with it."""
    helped = {"heavy_processes": 1, "heavy_at_once": 1, "statement_timeout_ms": 4_000}
    with (
        served(module_city.model_copy(update=helped)) as url,
        httpx.Client(base_url=url, headers=office, timeout=60) as made,
    ):
        yield made
    until(lambda: not helpers(), "a helper outlives its service")


def test_a_helper_draws_what_the_service_would_draw_and_refuses_what_it_would_refuse(
    service: httpx.Client, module_client: TestClient, office: dict[str, str]
) -> None:
    for path in (
        CELLS,
        "/maps/heat",
        "/maps/heat?cells=districts&measure=count&lang=en",
        "/maps/heat?measure=nothing",
        "/maps/heat?at=1999-01-01",
        "/api/cells/square-100000",
        "/maps/embed/nobody",
        "/maps/embed/nobody.png",
    ):
        drawn, plain = service.get(path), module_client.get(path, headers=office)
        assert drawn.status_code == plain.status_code, (path, drawn.text[:300])
        same = (ONCE.sub("", one.text).split('"request_id"')[0] for one in (drawn, plain))
        assert next(same) == next(same), path
    (helper,) = helpers()
    own, its = (os.getpriority(os.PRIO_PROCESS, one) for one in (0, helper))
    assert its == min(19, own + LESS_URGENT)


def test_who_hangs_up_is_not_drawn_for_and_holds_nobody_up(
    service: httpx.Client, module_city: Settings
) -> None:
    with held_up(module_city):
        for _ in range(3):  # the place is free again each time, before the statement's own end
            with socket.create_connection((service.base_url.host, service.base_url.port)) as line:
                lines = (
                    f"GET {CELLS} HTTP/1.1",
                    f"Host: {service.base_url.netloc.decode()}",
                    f"Authorization: {service.headers['Authorization']}",
                )
                line.sendall("\r\n".join((*lines, "", "")).encode())
                until(lambda: waiting(module_city) == 1, "nothing is counted")
            until(lambda: waiting(module_city) == 0, "what nobody waits for goes on")
    assert service.get(CELLS).status_code == 200, "the place is not free"


def test_the_database_s_refusals_come_through_a_helper(
    service: httpx.Client, module_city: Settings
) -> None:
    with held_up(module_city):
        answer = service.get(CELLS)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:gridwarden:problem:too_slow")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_helper_that_dies_takes_one_answer_with_it_and_the_next_map_is_drawn(
    service: httpx.Client, module_city: Settings
) -> None:
    (first,) = helpers()
    with held_up(module_city), ThreadPoolExecutor(1) as threads:
        lost = threads.submit(service.get, CELLS)
        until(lambda: waiting(module_city) == 1, "nothing is counted")
        os.kill(first, signal.SIGKILL)
        answer = lost.result(30)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:gridwarden:problem:unavailable"
    assert service.get(CELLS).status_code == 200, "no other one was begun"
    assert helpers() and first not in helpers()


def waiting(settings: Settings) -> int:
    """Statements that wait for the table."""
    with owner(settings) as c:
        row = c.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        ).fetchone()
    assert row is not None
    return int(row[0])
