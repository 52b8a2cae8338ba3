"""Keys: scopes on every route, exchange with a time of grace, use, and no mass assignment."""

from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, bearer, make_key, owner
from gridwarden.access.scopes import PARTS, SCOPES
from gridwarden.app import create_app
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.settings import PEOPLE, Settings


def scoped(settings: Settings, role: str, scopes: list[str]) -> dict[str, str]:
    """A key of this role with these scopes alone."""
    secret = make_key(settings, role, all_districts=True)
    with owner(settings) as c:
        c.execute(
            "update access.credential set scopes = %s where id ="
            " (select max(id) from access.credential)",
            (scopes,),
        )
    return bearer(secret)


def made_by(client: TestClient, headers: dict[str, str], **asked: Any) -> dict[str, Any]:
    wanted = {"role": "viewer", "label": "display", "all_districts": True} | asked
    answer = client.post("/api/keys", json=wanted, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_roles_of_people_are_said_once() -> None:
    assert set(PEOPLE) == set(ASKERS + ADMINISTRATORS)


def test_every_part_is_a_tag_and_every_route_has_one() -> None:
    from gridwarden.access.matrix.walking import operations

    tags = {one.tag for one in operations(create_app(Settings()))}
    assert tags <= set(PARTS), tags - set(PARTS)


def test_a_new_key_reads_and_does_no_more(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker
) -> None:
    client, officer = module_client, module_sign_in("security")
    made = made_by(client, officer, role="supervisor")
    key = bearer(made["key"])
    me = client.get("/api/whoami", headers=key).json()
    assert (me["role"], me["scopes"]) == ("supervisor", ["read"])
    assert client.get("/api/findings", headers=key).status_code == 200
    refused = client.post("/api/permits/check", json={}, headers=key)
    assert refused.status_code == 403
    assert "write:permits" in refused.json()["detail"]
    assert refused.json()["field"] == "scopes"
    wide = made_by(client, officer, role="supervisor", scopes=["read", "write:permits"])
    asked = client.post("/api/permits/check", json={}, headers=bearer(wide["key"]))
    assert asked.status_code == 400  # let in, and then told what is missing


@pytest.mark.parametrize("scopes", [["read:sheds"], ["write"], ["write:rules"]])
def test_scopes_hold_on_every_route(
    module_city: Settings, module_client: TestClient, scopes: list[str]
) -> None:
    from gridwarden.access.matrix.walking import operations

    headers = scoped(module_city, "supervisor", scopes)
    let_in = set()
    for one in operations(module_client.app):  # type: ignore[arg-type]
        if one.roles is None or "supervisor" not in one.roles or "{" in one.path:
            continue
        act = "read" if one.reads else "write"
        admitted = act in scopes or f"{act}:{one.tag}" in scopes
        if one.method == "DELETE" or (admitted and not one.reads):
            continue
        answer = module_client.request(one.method, one.path, headers=headers)
        refused = answer.status_code == 403 and "scopes" in answer.text
        assert refused != admitted, (one.method, one.path, answer.status_code)
        if admitted:
            let_in.add(one.path)
    assert bool(let_in) == (scopes == ["read:sheds"])


def test_an_exchanged_key_has_two_secrets_for_a_while(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker
) -> None:
    client, officer = module_client, module_sign_in("security")
    made = made_by(client, officer)
    changed = client.post(f"/api/keys/{made['id']}/rotate", headers=officer)
    assert changed.status_code == 201
    new = changed.json()
    assert new["id"] == made["id"] and new["key"] != made["key"] and new["former_until"]
    for secret in (made["key"], new["key"]):
        assert client.get("/api/whoami", headers=bearer(secret)).status_code == 200
    with owner(module_city) as c:
        c.execute("update access.credential set former_until = now() where id = %s", (made["id"],))
    client.app.state.callers.forget()  # type: ignore[attr-defined]
    assert client.get("/api/whoami", headers=bearer(made["key"])).status_code == 401
    assert client.get("/api/whoami", headers=bearer(new["key"])).status_code == 200
    assert client.delete(f"/api/keys/{made['id']}", headers=officer).status_code == 204
    assert client.get("/api/whoami", headers=bearer(new["key"])).status_code == 401
    assert client.post(f"/api/keys/{made['id']}/rotate", headers=officer).status_code == 404
    with owner(module_city) as c:
        acts = c.execute(
            "select action from data.audit where detail ->> 'id' = %s order by id",
            (str(made["id"]),),
        ).fetchall()
    assert [row[0] for row in acts] == ["key_made", "key_rotated", "key_revoked"]


def test_when_a_key_was_used_is_told(module_client: TestClient, module_sign_in: KeyMaker) -> None:
    client, officer = module_client, module_sign_in("security")
    made = made_by(client, officer, label="seldom")

    def used() -> str | None:
        listed = client.get("/api/keys", headers=officer).json()["items"]
        return next(one["last_used_at"] for one in listed if one["id"] == made["id"])

    assert used() is None
    client.get("/api/whoami", headers=bearer(made["key"]))
    first = used()
    assert first and datetime.fromisoformat(first)
    client.app.state.callers.forget()  # type: ignore[attr-defined]
    client.get("/api/whoami", headers=bearer(made["key"]))
    assert used() == first


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 1},
        {"hash": "00"},
        {"made_by": "x"},
        {"person": "x"},
        {"org_ids": [1]},
        {"role": "embed"},
        {"role": "screen"},
        {"role": "owner"},
        {"scopes": ["admin"]},
        {"scopes": []},
        {"days": 0},
        {"days": 10**9},
        {"label": ""},
        {"districts": ["no such"]},
        {"role": "utility"},
        {"role": "contractor"},
        {"role": "warden"},
        {"role": "auditor", "all_districts": False},
        {"all_districts": "perhaps"},
        {"account": "nobody"},
    ],
)
def test_nothing_but_what_is_asked_for_can_be_assigned(
    module_client: TestClient, module_sign_in: KeyMaker, wrong: dict[str, Any]
) -> None:
    asked = {"role": "viewer", "label": "mass", "all_districts": True} | wrong
    answer = module_client.post("/api/keys", json=asked, headers=module_sign_in("security"))
    assert 400 <= answer.status_code < 500, answer.text
    listed = module_client.get("/api/keys", headers=module_sign_in("security")).json()["items"]
    assert "mass" not in {one["label"] for one in listed}


def test_scopes_can_be_read_aloud() -> None:
    assert SCOPES[:2] == ("read", "write")
    assert "write:permits" in SCOPES and len(SCOPES) == len(set(SCOPES))
