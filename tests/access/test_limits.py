"""What one caller and all of them together may ask for: heavy maps, and requests a minute."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from conftest import KeyMaker, client_of, owner
from gridwarden.access.limits import Limits, rates
from gridwarden.access.limits.rates import Rates, neighbourhood
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from layers.conftest import fill
from maps.small_city import build_assets

AREA = {"type": "Point", "coordinates": [114.3, 30.5]}


@pytest.fixture(scope="module")
def narrow(module_city: Settings) -> Iterator[TestClient]:
    """A service with one place for heavy requests, two to wait in, and small quotas."""
    build_assets(module_city.home)
    with owner(module_city) as c:
        fill(c)
    small: dict[str, Any] = {"heavy_at_once": 1, "heavy_waiting": 3, "heavy_wait_s": 1.0}
    small |= {"reads_a_minute": 5, "checks_a_minute": 40, "strangers_a_minute": 8}
    with client_of(module_city.model_copy(update=small)) as client:
        yield client


@contextmanager
def held_up(settings: Settings) -> Iterator[None]:
    """Nobody reads the cells: another transaction holds the table they are counted from."""
    with owner(settings) as c, c.transaction():
        c.execute("lock table data.finding in access exclusive mode")
        yield


def check(client: TestClient, headers: dict[str, str]) -> Response:
    """One permit check."""
    asked = {"area": AREA, "method": "mechanical"}
    return client.post("/api/permits/check", json=asked, headers=headers)


def test_a_permit_check_answers_while_heavy_maps_are_stuck_and_the_next_one_is_told_to_return(
    narrow: TestClient, module_city: Settings, module_sign_in: KeyMaker
) -> None:
    first, second = (module_sign_in("supervisor", all_districts=True) for _ in range(2))
    assert check(narrow, second).status_code == 200
    heavy = "/api/cells/districts"
    assert narrow.get(heavy, headers=first).status_code == 200
    stuck: list[Response] = []
    with ThreadPoolExecutor(8) as threads:
        with held_up(module_city):
            sent = [threads.submit(narrow.get, heavy, headers=first) for _ in range(4)]
            while sum(one.done() for one in sent) < 3:  # 2 turned away, 1 waited in vain
                time.sleep(0.02)
            one_more = narrow.get("/maps/heat", headers=second | {"Accept": "application/json"})
            answered = check(narrow, second)
        stuck = [one.result(20) for one in sent]
    assert answered.status_code == 200
    assert answered.json()["verdict"]
    assert one_more.status_code == 503
    assert one_more.json()["type"] == "urn:gridwarden:problem:busy"
    assert int(one_more.headers["Retry-After"]) >= 1
    assert sorted(one.status_code for one in stuck) == [200, 503, 503, 503]
    assert narrow.get(heavy, headers=first).status_code == 200, "a place was not given back"


def test_a_caller_has_so_many_requests_a_minute_and_is_told_how_many_are_left(
    narrow: TestClient, module_sign_in: KeyMaker
) -> None:
    key, other = (module_sign_in("supervisor", all_districts=True) for _ in range(2))
    answers = [narrow.get("/api/whoami", headers=key) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert answers[0].headers["RateLimit"].startswith('"read";r=4;t=')
    assert answers[0].headers["RateLimit-Policy"] == '"read";q=5;w=60'
    refused = answers[-1]
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:gridwarden:problem:too_many_requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 12, "the next token, not a whole minute"
    assert '"read";r=0;' in refused.headers["RateLimit"]
    assert check(narrow, key).status_code == 200, "permit checks are counted apart"
    assert narrow.get("/api/whoami", headers=other).status_code == 200


def test_who_guesses_keys_is_counted_by_address(narrow: TestClient) -> None:
    wrong = [
        narrow.get("/api/whoami", headers={"Authorization": f"Bearer gw_{n}"}) for n in range(9)
    ]
    assert [one.status_code for one in wrong] == [401] * 8 + [429]
    assert narrow.get("/login").status_code == 429
    assert narrow.get("/healthz").status_code == 200, "whoever watches the service is not counted"


def test_memory_is_bounded_and_strangers_do_not_push_out_who_signed_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "MOST", 100)
    counted = Rates({"read": 2, "stranger": 2})
    for _ in range(2):
        counted.take("read", "key 1")
    for n in range(1000):
        counted.take("stranger", neighbourhood(f"10.0.{n // 250}.{n % 250}"), stranger=True)
    assert len(counted.strangers) == 100
    with pytest.raises(Problem):
        counted.take("read", "key 1")


def test_an_ipv6_customer_is_one_address_and_any_text_is_some_address() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:2")
    assert neighbourhood("2001:db8:0:1::1") != neighbourhood("2001:db8::1")
    assert neighbourhood("testclient") == "testclient"


def test_processes_share_the_quota(module_city: Settings) -> None:
    of_four = Limits.of(module_city.model_copy(update={"reads_a_minute": 1200, "processes": 4}))
    assert of_four.rates.quotas["read"] == 300
