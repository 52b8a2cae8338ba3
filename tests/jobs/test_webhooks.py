"""Messages to addresses: signed, tried again under the same id, in order for each subject."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from conftest import KeyMaker, environment, owner
from gridwarden.database import Pool
from gridwarden.jobs.events import sequencing
from gridwarden.jobs.webhooks.sending import drain, run

from .hearing import (
    Heard,
    Receiver,
    Town,
    numbered,
    signature_by_openssl,
    told_of,
    with_pool,
)
from .posting import Add, add, client, deliver, deliver_until, receiver, said, settings, town

__all__ = ["add", "client", "receiver", "settings", "town"]
DOCUMENT = Path(__file__).parents[2] / "docs" / "events.md"


def documented() -> Callable[[str, dict[str, str], bytes], bool]:
    """The function `verified` as docs/events.md tells people to write it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code
    there: dict[str, Any] = {}
    exec(code[1], there)
    function: Callable[[str, dict[str, str], bytes], bool] = there["verified"]
    return function


def test_a_message_is_what_the_key_may_see_signed_as_the_standard_says(
    town: Town, client: TestClient, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    planner = module_sign_in("planner")
    utility = module_sign_in("utility", org_ids=town.companies[:1])
    latest = "/api/events?cursor=latest"
    start = [client.get(latest, headers=who).json()["cursor"] for who in (planner, utility)]
    secrets = {"/here": add(planner)["secret"]}
    secrets["/utility"] = add(utility, url=f"{receiver.url}/utility")["secret"]
    town.sql("update data.buildings set height_m = 60")
    town.sql("update data.estates set name = 'moved', geom = st_translate(geom, 10, 0)")
    town.sql("delete from data.street_objects")
    town.step()
    deliver(town.settings)
    for headers, path, place in zip((planner, utility), ("/here", "/utility"), start, strict=True):
        seen = client.get(f"/api/events?cursor={place}", headers=headers).json()["items"]
        heard = [json.loads(one.body) for one in receiver.heard if one.path == path]
        assert sorted((h["data"] for h in heard), key=str) == sorted(seen, key=str) != []
        assert {(h["type"], h["timestamp"]) for h in heard} == {(e["type"], e["at"]) for e in seen}
    assert len({one.id for one in receiver.heard}) == len(receiver.heard)
    verified = documented()
    for one in receiver.heard:
        secret = secrets[one.path]
        assert one.headers["webhook-signature"] == signature_by_openssl(secret, one)
        assert verified(secret, one.headers, one.body.encode())
        assert not verified(secret, one.headers, one.body.encode() + b" ")
        assert not verified(secret, one.headers | {"webhook-id": "msg_other"}, one.body.encode())
        old = one.headers | {"webhook-timestamp": "1700000000"}
        assert not verified(secret, old, one.body.encode())


def test_a_later_event_waits_for_the_earlier_of_its_subject_and_others_go_on(
    town: Town, client: TestClient, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    headers = module_sign_in("dispatcher")
    made = add(headers)
    failing = [3]

    def answer(heard: Heard) -> int:
        if said([heard]) == ["finding 901"] and failing[0]:
            failing[0] -= 1
            return 500 if failing[0] % 2 else 302
        return 204

    receiver.answer = answer
    for act in ("appeared", "changed", "ended"):
        for subject in ("finding 901", "finding 902", "finding 903"):
            told_of(town.settings, subject, act)
    deliver_until(town.settings, lambda: len(receiver.heard) == 12)
    types = [json.loads(one.body)["type"] for one in receiver.heard]
    acts = list(zip(said(receiver.heard), types, strict=True))
    ordered = [f"finding.{act}" for act in ("appeared", "changed", "ended")]
    for subject in ("finding 902", "finding 903"):
        assert [act for who, act in acts if who == subject] == ordered
        assert acts.index((subject, ordered[2])) < acts.index(("finding 901", ordered[1]))
    mine = [h for h in receiver.heard if said([h]) == ["finding 901"]]
    assert [json.loads(h.body)["type"] for h in mine] == [ordered[0]] * 4 + ordered[1:]
    assert len({h.id for h in mine}) == 3
    assert len({h.id for h in mine[:4]}) == len({h.body for h in mine[:4]}) == 1
    path = f"/api/webhooks/{made['id']}"
    listed = client.get(f"{path}/deliveries?limit=5", headers=headers).json()
    more = client.get(listed["next"], headers=headers).json()
    rows = listed["items"] + more["items"]
    assert len(rows) == 9 and all(row["delivered_at"] and row["status"] == 204 for row in rows)
    assert sorted(row["attempts"] for row in rows) == [1] * 8 + [4]
    state = client.get(path, headers=headers).json()
    assert (state["state"], state["waiting"], state["failing_since"]) == ("on", 0, None)
    with owner(town.settings) as c:
        texts = "select count(body) from data.delivery where delivered_at is not null"
        assert c.execute(texts).fetchone() == (0,)


def test_one_that_fails_for_long_is_paused_with_its_error_and_resumes_where_it_stopped(
    town: Town, client: TestClient, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    headers = module_sign_in("dispatcher")
    path = f"/api/webhooks/{add(headers)['id']}"
    receiver.answer = lambda heard: 503
    told_of(town.settings, "finding 911", "appeared")
    told_of(town.settings, "finding 911", "ended")

    def state() -> dict[str, Any]:
        document: dict[str, Any] = client.get(path, headers=headers).json()
        return document

    deliver_until(town.settings, lambda: state()["state"] == "paused")
    paused = state()
    assert (paused["last_error"], paused["waiting"]) == ("503", 2)
    assert paused["say"]
    assert client.post(f"{path}/test", headers=headers).status_code == 409
    tried = len(receiver.heard)
    told_of(town.settings, "finding 911", "appeared")
    deliver(town.settings)
    assert len(receiver.heard) == tried
    receiver.answer = lambda heard: 200
    assert client.post(f"{path}/resume", headers=headers).json()["state"] == "on"
    deliver_until(town.settings, lambda: state()["waiting"] == 0)
    mended = state()
    assert (mended["last_error"], mended["last_error_at"]) == (None, None)
    types = [json.loads(h.body)["type"].split(".")[1] for h in receiver.heard[tried:]]
    assert types == ["appeared", "ended", "appeared"]
    assert receiver.heard[tried].id == receiver.heard[0].id
    receiver.answer = lambda heard: 410
    assert client.post(f"{path}/test", headers=headers).status_code == 202
    deliver_until(town.settings, lambda: state()["state"] == "paused")
    assert "410" in state()["say"]


def test_an_error_is_told_until_what_failed_is_taken(
    town: Town, client: TestClient, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    headers = module_sign_in("dispatcher")
    path = f"/api/webhooks/{add(headers)['id']}"
    receiver.answer = lambda heard: 500 if "finding 921" in heard.body else 200
    told_of(town.settings, "finding 921", "appeared")
    told_of(town.settings, "finding 922", "appeared")
    deliver(town.settings)
    seen = client.get(path, headers=headers).json()
    assert (seen["last_error"], seen["waiting"]) == ("500", 1), "the other one went well"
    assert seen["last_delivered_at"]
    receiver.answer = lambda heard: 200
    deliver_until(town.settings, lambda: client.get(path, headers=headers).json()["waiting"] == 0)
    seen = client.get(path, headers=headers).json()
    assert (seen["last_error"], seen["last_error_at"]) == (None, None)


def test_a_later_event_that_is_due_while_the_earlier_waits_is_nothing_to_do(
    town: Town, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    """Who sends once, and waits for the time of the next try, ends."""
    add(module_sign_in("dispatcher"))
    receiver.answer = lambda heard: 500
    told_of(town.settings, "finding 915", "appeared")
    told_of(town.settings, "finding 915", "changed")
    patient = town.settings.model_copy(update={"webhook_retry_s": (60.0,)})

    async def once(pool: Pool) -> None:
        async with asyncio.timeout(20):
            await drain(pool, patient)

    with_pool(patient, once)
    assert said(receiver.heard) == ["finding 915"]
    with_pool(patient, once)
    assert len(receiver.heard) == 1


def test_one_that_cannot_be_served_holds_up_no_other(
    town: Town, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    """Its filter is none that the database can read."""
    headers = module_sign_in("dispatcher")
    broken = add(headers, url=f"{receiver.url}/broken")["id"]
    add(headers)
    with owner(town.settings) as c:
        spoil = "update data.webhook set filters = jsonb_build_object('district', 'west')"
        c.execute(f"{spoil} where id = %s", (broken,))

    async def for_a_while(pool: Pool) -> None:
        serving = asyncio.create_task(run(pool, town.settings))
        for n in (1, 2):
            told_of(town.settings, f"finding 91{n}")
            await sequencing.number(pool)
            await asyncio.to_thread(receiver.wait, n)
            await asyncio.sleep(sequencing.LOOK_S)
        assert not serving.done()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    with_pool(town.settings, for_a_while)
    assert {one.path for one in receiver.heard} == {"/here"}
    told_of(town.settings, "finding 913")
    deliver(town.settings)
    assert said(receiver.heard) == ["finding 911", "finding 912", "finding 913"]


def test_a_sender_killed_before_it_wrote_down_what_it_sent_sends_it_again_under_the_same_id(
    town: Town, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    add(module_sign_in("dispatcher"))
    killed: list[int] = []

    def answer(heard: Heard) -> int:
        if not killed:
            killed.append(worker.pid)
            os.kill(worker.pid, signal.SIGKILL)
        return 204

    receiver.answer = answer
    for n in range(3):
        told_of(town.settings, "finding 931", ("appeared", "changed", "ended")[n])
    variables = environment(town.settings) | {
        "GRIDWARDEN_WEBHOOK_NETWORKS": "127.0.0.0/8, 10.0.0.0/8",
        "GRIDWARDEN_WEBHOOK_RETRY_S": "0.05,0.05",
    }
    command = [sys.executable, "-m", "gridwarden", "worker"]
    worker = subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL)
    receiver.wait(1)
    assert worker.wait(20) == -signal.SIGKILL
    worker = subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL)
    try:
        heard = receiver.wait(4)
    finally:
        worker.terminate()
        worker.wait(30)
    assert [json.loads(h.body)["type"].split(".")[1] for h in heard] == [
        *["appeared"] * 2,
        "changed",
        "ended",
    ]
    assert heard[0].id == heard[1].id
    assert len({h.id for h in heard}) == 3


def test_what_was_deleted_for_its_age_before_it_was_told_is_said(
    town: Town, client: TestClient, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    from gridwarden.jobs.webhooks import sending

    headers = module_sign_in("dispatcher")
    path = f"/api/webhooks/{add(headers)['id']}"
    with owner(town.settings) as c:
        c.execute("update data.webhook set state = 'paused', why = 'gave_up'")
        c.execute("update data.event set at = now() - interval '1 year'")
        c.execute("update data.delivery set delivered_at = now() - interval '1 year'")
    told_of(town.settings, "finding 941", at="2025-01-01T00:00:00Z")
    numbered(town.settings)
    for chore in (sequencing.forget, sending.forget):
        with_pool(town.settings, lambda pool, chore=chore: chore(pool, town.settings))
    assert client.get(path, headers=headers).json()["lost_at"]
    assert client.get(f"{path}/deliveries", headers=headers).json()["items"] == []
    client.post(f"{path}/resume", headers=headers)
    told_of(town.settings, "finding 942")
    deliver(town.settings)
    assert said(receiver.wait(1)) == ["finding 942"]
