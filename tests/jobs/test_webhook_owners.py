"""Whose a webhook is: its key's, as long as the key is good, and nobody else's."""

import time

from fastapi.testclient import TestClient

from conftest import KeyMaker, owner

from .hearing import (
    Receiver,
    Town,
    told_of,
)
from .posting import Add, add, client, deliver, receiver, said, settings, town

__all__ = ["add", "client", "receiver", "settings", "town"]


def test_a_webhook_belongs_to_its_key_and_ends_with_it(
    town: Town, client: TestClient, add: Add, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    one, two = (module_sign_in("utility", org_ids=(org,)) for org in town.companies)
    made = add(one, topic="finding")
    assert made["secret"].startswith("whsec_")
    path = f"/api/webhooks/{made['id']}"
    listed = client.get("/api/webhooks", headers=one)
    assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
    assert made["secret"] not in listed.text
    assert client.get("/api/webhooks", headers=two).json()["items"] == []
    for method, at in (
        ("GET", path),
        ("DELETE", path),
        ("GET", f"{path}/deliveries"),
        ("POST", f"{path}/test"),
        ("POST", f"{path}/resume"),
    ):
        assert client.request(method, at, headers=two).status_code == 404, (method, at)
    told_of(town.settings, "finding 921")
    deliver(town.settings)
    assert said(receiver.wait(1)) == ["finding 921"]
    receiver.answer = lambda heard: 500
    told_of(town.settings, "finding 922")
    deliver(town.settings)
    with owner(town.settings) as c:
        c.execute(
            "update access.credential set revoked_at = now() where id = %s", (made["key_id"],)
        )
    told_of(town.settings, "finding 923")
    time.sleep(0.2)
    tried = len(receiver.heard)
    deliver(town.settings)
    assert len(receiver.heard) == tried
    colleague = module_sign_in("utility", org_ids=town.companies[:1])
    ended = client.get(path, headers=colleague).json()
    assert (ended["state"], ended["waiting"]) == ("ended", 0)
    assert client.post(f"{path}/resume", headers=colleague).status_code == 409
    assert client.delete(path, headers=colleague).status_code == 204
    assert client.get(path, headers=colleague).status_code == 404


def test_a_browser_s_session_makes_none_and_a_key_not_more_than_twenty(
    town: Town, client: TestClient, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    session = module_sign_in("planner", kind="session")["Authorization"].removeprefix("Bearer ")
    cookie = {"Cookie": f"gridwarden_session={session}", "Origin": "http://testserver"}
    body = {"url": receiver.url}
    answer = client.post("/api/webhooks", headers=cookie, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "Authorization")
    headers = module_sign_in("planner")
    answers = [client.post("/api/webhooks", headers=headers, json=body) for _ in range(21)]
    assert [a.status_code for a in answers] == [201] * 20 + [409]
    for made in answers[:20]:
        client.delete(f"/api/webhooks/{made.json()['id']}", headers=headers)


def test_a_key_that_may_not_read_events_is_not_told_of_them(
    town: Town, client: TestClient, receiver: Receiver, module_sign_in: KeyMaker
) -> None:
    headers = module_sign_in("planner")
    secret = headers["Authorization"].removeprefix("Bearer ")
    for scopes, status in ((["write"], 403), (["write", "read:events"], 201)):
        with owner(town.settings) as c:
            c.execute(
                "update access.credential set scopes = %s where hash = sha256(%s::bytea)",
                (scopes, secret.encode()),
            )
        client.app.state.callers.forget()  # type: ignore[attr-defined]
        answer = client.post("/api/webhooks", headers=headers, json={"url": receiver.url})
        assert answer.status_code == status, answer.text
    client.delete(f"/api/webhooks/{answer.json()['id']}", headers=headers)
