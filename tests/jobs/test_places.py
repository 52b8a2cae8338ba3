"""What a reader is given tells nothing of the events that are hidden from them."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, client_of, environment, owner, served
from gridwarden.database import Caller
from gridwarden.jobs.events import routes
from gridwarden.jobs.events.places import LENGTH, Places, places_of
from gridwarden.jobs.webhooks.sending import drain
from gridwarden.settings import Settings

from .hearing import LOCAL, numbered, places, receiving, told_of, with_pool

FAR = 7_300_000_000_000_000
"""A number that nothing else has."""


@pytest.fixture(scope="module")
def settings(module_city: Settings) -> Settings:
    """A city that many events are told of; a feed says soon that it is there, and ends."""
    with owner(module_city) as c:
        c.execute("update data.event_clock set last = %s, forgotten = %s", (FAR, FAR))
    return module_city.model_copy(update={"feed_seconds": 0.6, "webhook_networks": LOCAL})


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with client_of(settings) as made:
        yield made


def hidden(settings: Settings, subject: str) -> int:
    """Something that no company is told of happens; the number it gets."""
    told_of(settings, subject, main_id=1, org_id=None)
    numbered(settings)
    with owner(settings) as c:
        row = c.execute("select last from data.event_clock").fetchone()
    assert row is not None
    return int(row[0])


def test_a_place_is_another_text_at_every_look_and_holds_no_number(settings: Settings) -> None:
    mine = places(settings)
    numbers = (0, 1, 1, 2, 255, 256, FAR, 2**63 - 1)
    sealed = [mine.seal(number) for number in numbers * 20]
    assert len(set(sealed)) == len(sealed)
    assert {len(text) for text in sealed} == {LENGTH}
    assert [mine.open(text) for text in sealed] == list(numbers * 20)
    for at in range(LENGTH - 1):  # of the last letter some bits mean nothing
        changed = "A" if sealed[0][at] != "A" else "B"
        assert mine.open(f"{sealed[0][:at]}{changed}{sealed[0][at + 1 :]}") is None
    for wrong in ("", "7", sealed[0][1:], sealed[0] + "A", "\u00e9" * LENGTH, "=" * LENGTH):
        assert mine.open(wrong) is None
    assert Places(b"k" * 32, mine.of).open(sealed[0]) is None


def test_a_place_is_good_for_its_reader_alone(settings: Settings) -> None:
    reader = Caller("utility", "a", (1, 2), language="zh")
    sealed = places_of(settings, reader).seal(FAR)
    same = Caller("utility", "a", (2, 1), language="en", made_by="b")
    assert places_of(settings, same).open(sealed) == FAR
    for other in (
        Caller("utility", "b", (1, 2)),
        Caller("planner", "a", (1, 2)),
        Caller("utility", "a", (1,)),
        Caller("utility", "a", (12,)),
        Caller("utility", "a", (), (1, 2)),
        Caller("utility", "a", (1, 2), (), True),
    ):
        assert places_of(settings, other).open(sealed) is None, other
    assert places_of(settings, reader, "deliveries 1").open(sealed) is None


def test_processes_that_begin_together_have_one_key_that_others_cannot_read(
    module_city: Settings, tmp_path: Path
) -> None:
    alone = module_city.model_copy(update={"home": tmp_path})
    file = alone.secrets / "event_places"
    code = (
        "from gridwarden.settings import Settings; from gridwarden.jobs.events.places import *;"
        " print(places_of(Settings(), Caller('planner', 'a')).key.hex())"
    )
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment(alone), stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    keys = {one.communicate()[0] for one in begun}
    assert keys == {f"{file.read_text()}\n".encode()}
    assert len(bytes.fromhex(file.read_text())) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(alone.secrets.iterdir()) == [file]


def test_who_sees_nothing_cannot_tell_whether_something_hidden_happened(
    settings: Settings, module_sign_in: KeyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "BEAT_S", 0.2)
    headers = {role: module_sign_in(role) for role in ("utility", "administrator")}
    given: dict[str, list[str]] = {role: [] for role in headers}
    said: list[str] = []
    last = hidden(settings, "finding 61")

    def look(http: httpx.Client, url: str) -> None:
        for role, key in headers.items():
            listed = http.get(f"{url}/api/events?cursor=latest", headers=key)
            assert (listed.json()["items"], listed.json()["next"]) == ([], None)
            again = http.get(f"{url}/api/events?cursor={listed.json()['cursor']}", headers=key)
            feed = http.get(f"{url}/api/events/feed", headers=key)
            ids = [line[4:] for line in feed.text.splitlines() if line.startswith("id: ")]
            assert len(ids) >= 2 and "data:" not in feed.text
            given[role] += [listed.json()["cursor"], again.json()["cursor"], *ids]
            said.extend(f"{one.text}{one.headers}" for one in (listed, again, feed))

    with served(settings) as url, httpx.Client(timeout=20) as http:
        look(http, url)
        look(http, url)
        before = last
        last = hidden(settings, "finding 62")
        assert last == before + 1
        look(http, url)
    for role, texts in given.items():
        assert len(set(texts)) == len(texts) >= 12
        assert {len(text) for text in texts} == {LENGTH}
        opened = [places(settings, role).open(text) for text in texts]
        assert set(opened) == {before, last}  # they are good, and mean what cannot be read
        assert all(a <= b for a, b in pairwise(n or 0 for n in opened))
    for text in said:
        assert not any(str(n) in text for n in range(FAR, last + 1))


def test_another_s_place_is_refused(
    settings: Settings, client: TestClient, module_sign_in: KeyMaker
) -> None:
    mine, others = module_sign_in("utility"), module_sign_in("utility", org_ids=(1,))
    place = client.get("/api/events?cursor=latest", headers=mine).json()["cursor"]
    for headers in (others, module_sign_in("planner"), module_sign_in("administrator")):
        for route in ("/api/events", "/api/events/feed"):
            answer = client.get(f"{route}?cursor={place}", headers=headers)
            assert (answer.status_code, answer.json()["field"]) == (400, "cursor")
            assert str(FAR)[:6] not in answer.text
    key = module_sign_in("utility")  # another key of the same person
    assert client.get(f"/api/events?cursor={place}", headers=key).status_code == 200


def test_messages_and_what_became_of_them_hold_no_number_of_all_events(
    settings: Settings, client: TestClient, module_sign_in: KeyMaker
) -> None:
    headers, planner = module_sign_in("utility"), module_sign_in("planner")
    with owner(settings) as c:
        c.execute("alter table data.delivery alter id restart with 8400000000000000")
    with receiving() as receiver:
        wanted = {"url": receiver.url}
        made = [
            client.post("/api/webhooks", headers=key, json=wanted).json()
            for key in (headers, planner)
        ]
        path = f"/api/webhooks/{made[0]['id']}"
        for n in range(3):
            hidden(settings, f"finding 7{n}")
            told_of(settings, f"finding 8{n}")
        tested = client.post(f"{path}/test", headers=headers)
        with_pool(settings, lambda pool: drain(pool, settings))
        heard = receiver.wait(3 + 1 + 6)
    said = [f"{one.headers} {one.body}" for one in heard]
    ours = {json.loads(one.body)["data"].get("subject") for one in heard}
    assert ours >= {"finding 80", "finding 81", "finding 82"}
    path += "/deliveries?limit=1"
    items = []
    while path:
        answer = client.get(path, headers=headers)
        items += answer.json()["items"]
        path = answer.json()["next"]
        said.append(answer.text)
        assert path is None or client.get(path, headers=planner).status_code == 404
    assert len({item["message_id"] for item in items}) == len(items) == 4
    assert tested.json()["message_id"] in {item["message_id"] for item in items}
    for text in (*said, tested.text):
        assert str(FAR)[:6] not in text and "84000000" not in text and '"seq"' not in text
    path = f"/api/webhooks/{made[0]['id']}/deliveries"
    for wrong in ("7", "A" * LENGTH, places(settings, "utility").seal(1)):
        answer = client.get(f"{path}?cursor={wrong}", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (400, "cursor")
    for one, key in zip(made, (headers, planner), strict=True):
        client.delete(f"/api/webhooks/{one['id']}", headers=key)
