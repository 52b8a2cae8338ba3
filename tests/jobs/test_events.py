"""Whoever reads events by their place gets each once, however late it was committed."""

import asyncio
import json
import random
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner, served
from gridwarden.database import accounts, open_pool
from gridwarden.database.cluster import connect_owner
from gridwarden.jobs.events import reading
from gridwarden.jobs.events.fanning import Fan
from gridwarden.jobs.events.sequencing import forget, number, run
from gridwarden.settings import Settings

from .hearing import numbered, places, put, told_of, with_pool


@pytest.fixture
def now(module_client: TestClient, module_sign_in: KeyMaker, module_city: Settings) -> str:
    """The newest place."""
    numbered(module_city)
    answer = module_client.get("/api/events?cursor=latest", headers=module_sign_in("planner"))
    assert answer.json()["items"] == []
    return str(answer.json()["cursor"])


def subjects(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["subject"] for item in answer.json()["items"]]


def test_an_event_that_is_committed_late_comes_after_those_that_were_seen_before_it(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, now: str
) -> None:
    headers = module_sign_in("planner")

    def after(cursor: str) -> tuple[list[str], str]:
        numbered(module_city)
        answer = module_client.get(f"/api/events?cursor={cursor}", headers=headers)
        return subjects(answer), answer.json()["cursor"]

    with connect_owner(module_city) as early, connect_owner(module_city) as late:
        early.autocommit = late.autocommit = False
        first = put(late, "committed second")
        second = put(early, "committed first")
        assert first < second
        assert after(now)[0] == []
        early.commit()
        seen, cursor = after(now)
        assert seen == ["committed first"]
        late.commit()
    assert after(cursor)[0] == ["committed second"]
    assert after(now)[0] == ["committed first", "committed second"]


def test_a_feed_that_opens_in_the_moment_the_last_one_closes_is_woken(
    module_city: Settings,
) -> None:
    async def one_after_the_other() -> bool:
        fan = Fan(module_city)
        async with fan.watching():
            assert await fan.wait(0, 20)
        turn = fan.turn
        async with fan.watching():
            return await fan.wait(turn, 10)

    assert asyncio.run(one_after_the_other())


def test_a_feed_that_is_cut_off_again_and_again_loses_nothing_and_doubles_nothing(
    module_city: Settings, module_sign_in: KeyMaker, now: str
) -> None:
    """Eight writers commit late and out of order, or not at all; two sequencers; feeds of 0.3 s."""
    writers, each = 8, 25
    committed: list[int] = []

    def write(seed: int) -> None:
        dice = random.Random(seed)
        with connect_owner(module_city) as c:
            c.autocommit = False
            for n in range(each):
                event = put(c, f"writer {seed}", finding_id=n)
                time.sleep(dice.choice([0, 0, 0.01, 0.05]))
                if dice.random() < 0.25:
                    c.rollback()
                else:
                    c.commit()
                    committed.append(event)

    async def sequence(done: threading.Event) -> None:
        pool = await open_pool(module_city, "worker")
        try:
            tasks = [asyncio.create_task(run(pool, module_city)) for _ in range(2)]
            await asyncio.to_thread(done.wait)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await number(pool)
        finally:
            await pool.close()

    sealed = places(module_city)

    def follow(url: str, done: threading.Event) -> list[tuple[int | None, int, str]]:
        """(place, finding, subject) of each event; opened anew where it ended."""
        heard: list[tuple[int | None, int, str]] = []
        place, headers, quiet = now, module_sign_in("planner"), 0
        with httpx.Client(timeout=20) as http:
            while quiet < 2:
                quiet = quiet + 1 if done.is_set() else 0
                with http.stream(
                    "GET", f"{url}/api/events/feed", headers=headers | {"Last-Event-ID": place}
                ) as answer:
                    assert answer.headers["content-type"].startswith("text/event-stream")
                    for text in answer.iter_lines():
                        name, _, value = text.partition(": ")
                        if name == "id":
                            place = value
                        elif name == "data":
                            told = json.loads(value)
                            found = told["finding"]["id"]
                            heard.append((sealed.open(place), found, told["subject"]))
        return heard

    written, sequenced = threading.Event(), threading.Event()
    with served(module_city) as url, ThreadPoolExecutor(writers + 3) as threads:
        feeds = [threads.submit(follow, url, sequenced) for _ in range(2)]
        sequencer = threads.submit(lambda: asyncio.run(sequence(written)))
        list(threads.map(write, range(writers)))
        written.set()
        sequencer.result()
        sequenced.set()
        told = [feed.result() for feed in feeds]
    with owner(module_city) as c:
        rows = c.execute(
            "select seq, finding_id, subject from data.event where id = any (%s) order by seq",
            (committed,),
        ).fetchall()
    assert len(rows) == len(committed) > writers
    assert told[0] == told[1] == rows
    numbers = [row[0] for row in rows]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for seed in range(writers):
        mine = [finding for _, finding, subject in told[0] if subject == f"writer {seed}"]
        assert mine == sorted(mine)


def test_a_list_is_read_page_by_page_and_narrowed_and_refuses_what_it_does_not_know(
    module_city: Settings,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    now: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with owner(module_city) as c:
        for n in range(5):
            put(c, f"finding {n}", severity="major" if n == 3 else "general")
    numbered(module_city)
    headers = module_sign_in("planner")
    found: list[str] = []
    path = f"/api/events?cursor={now}&limit=2"
    while path:
        answer = module_client.get(path, headers=headers)
        found += subjects(answer)
        path = answer.json()["next"]
    assert found == [f"finding {n}" for n in range(5)]
    sealed = places(module_city)
    end = (sealed.open(now) or 0) + 5
    assert sealed.open(answer.json()["cursor"]) == end
    major = f"/api/events?cursor={now}&severity=major&topic=finding&layer=estates"
    assert subjects(module_client.get(major, headers=headers)) == ["finding 3"]
    assert subjects(module_client.get(f"{major}&family=site_near_main", headers=headers)) == []
    monkeypatch.setattr(reading, "LOOKED_THROUGH", 2)
    for limit in ("", "&limit=1"):  # no page is short or empty for what is hidden
        answer = module_client.get(f"{major}{limit}", headers=headers)
        assert (subjects(answer), answer.json()["next"]) == (["finding 3"], None)
        assert sealed.open(answer.json()["cursor"]) == end
    for wrong, field in (
        ("cursor=-1", "cursor"),
        ("cursor=7", "cursor"),
        (f"cursor={now[:-1]}", "cursor"),
        (f"cursor={now}A", "cursor"),
        (f"cursor={'A' * len(now)}", "cursor"),
        (f"cursor={now[:25]}{'A' if now[25] != 'A' else 'B'}{now[26:]}", "cursor"),
        ("cursor=%EF%BC%91", "cursor"),
        ("cursor=9" + "9" * 30, "cursor"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("layer=nothing", "layer"),
        ("family=%00", "family"),
        ("severity=grave", "severity"),
        ("topic=all", "topic"),
        ("district=%ED%A0%80", "district"),
        ("bbox=0,0,1,1", "bbox"),
    ):
        for route in ("/api/events", "/api/events/feed"):
            answer = module_client.get(f"{route}?{wrong}", headers=headers)
            assert answer.status_code == 400, (route, wrong, answer.text)
            if not (route.endswith("feed") and field == "limit"):
                assert answer.json()["field"] == field
    for wrong in ("-", "A" * len(now)):
        answer = module_client.get("/api/events/feed", headers=headers | {"Last-Event-ID": wrong})
        assert (answer.status_code, answer.json()["field"]) == (400, "Last-Event-ID")
    for role in ("viewer", "security", "auditor"):
        assert module_client.get("/api/events", headers=module_sign_in(role)).status_code == 403


def test_feeds_that_wait_take_no_connection_and_one_process_listens_once(
    module_city: Settings, module_sign_in: KeyMaker, now: str
) -> None:
    settings = module_city.model_copy(update={"feed_seconds": 20, "web_connections": 2})
    listening = "select count(*) from pg_stat_activity where query = 'listen gridwarden_event'"
    headers = module_sign_in("planner")
    with served(settings) as url, httpx.Client(timeout=20) as http, ExitStack() as stack:
        lines = [_opened(stack, http, url, headers) for _ in range(12)]
        answers = [http.get(f"{url}/api/events", headers=headers) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 5
        with owner(module_city) as c:
            assert c.execute(listening).fetchone() == (1,)
        told_of(module_city, "finding 77")
        numbered(module_city)
        for one in lines:
            assert next(text for text in one if text.startswith("event: ")) == (
                "event: finding.changed"
            )
        officer = module_sign_in("security")
        for key in http.get(f"{url}/api/keys", headers=officer).json()["items"]:
            if key["role"] == "planner":
                http.delete(f"{url}/api/keys/{key['id']}", headers=officer)
        told_of(module_city, "finding 78")
        numbered(module_city)
        assert all("finding 78" not in "".join(one) for one in lines)


def _opened(
    stack: ExitStack, http: httpx.Client, url: str, headers: dict[str, str]
) -> Iterator[str]:
    answer = stack.enter_context(http.stream("GET", f"{url}/api/events/feed", headers=headers))
    lines = answer.iter_lines()
    assert next(lines) == "retry: 2000"
    return lines


def test_a_place_that_is_no_longer_kept_is_gone_and_the_answer_says_what_to_do(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, now: str
) -> None:
    headers = module_sign_in("planner")
    old = told_of(module_city, "an old one", at="2026-01-01T00:00:00Z")
    young = told_of(module_city, "a young one")
    numbered(module_city)

    with owner(module_city) as c:
        c.execute("update data.event set at = '2026-01-01' where id < %s", (old,))
    with_pool(module_city, lambda pool: forget(pool, module_city))
    with owner(module_city) as c:
        assert c.execute("select min(id) from data.event").fetchone() == (young,)
    assert subjects(module_client.get("/api/events", headers=headers)) == ["a young one"]
    sealed = places(module_city)
    there = sealed.open(now) or 0
    for route in ("/api/events", "/api/events/feed"):
        for then, kept in ((there, there + 1), (there + 100, there + 2)):
            answer = module_client.get(f"{route}?cursor={sealed.seal(then)}", headers=headers)
            assert answer.status_code == 410
            told = re.findall(r"cursor=([A-Za-z0-9_-]{20,})", answer.json()["detail"])
            assert [sealed.open(one) for one in told] == [kept]
    going_on = module_client.get(f"/api/events?cursor={sealed.seal(there + 1)}", headers=headers)
    assert subjects(going_on) == ["a young one"]


def test_a_feed_of_a_city_whose_database_is_away_ends_and_does_not_fail(
    module_city: Settings, module_sign_in: KeyMaker, now: str
) -> None:
    settings = module_city.model_copy(update={"feed_seconds": 20})
    headers = module_sign_in("planner")
    end = "select pg_terminate_backend(pid) from pg_stat_activity where usename like %s"
    with served(settings) as url, httpx.Client(timeout=20) as http, ExitStack() as stack:
        lines = _opened(stack, http, url, headers)
        with accounts.connect_superuser(module_city) as c:
            c.execute(end, ("gridwarden_web%",))
        told_of(module_city, "finding 79")
        numbered(module_city)
        rest = "\n".join(lines) if not (first := _until_event(lines)) else first
        if "finding 79" not in rest:  # it ended: the next one goes on
            lines = _opened(stack, http, f"{url}", headers | {"Last-Event-ID": now})
            assert "finding 79" in _until_event(lines)


def _until_event(lines: Iterator[str]) -> str:
    return next((text for text in lines if text.startswith("data: ")), "")
