"""Role × route × object: the document, the page, and every object that is somebody else's."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from access.own_and_foreign import BODIES, EXAMPLES, MISSING, World, city_of
from conftest import KeyMaker
from gridwarden import words
from gridwarden.access.matrix import Operation, operations
from gridwarden.access.matrix.walking import UNDECLARED, known_objects
from gridwarden.access.scopes import SCOPES
from gridwarden.app import create_app
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.layers.catalogue import layers
from gridwarden.migrations.declared import declared
from gridwarden.settings import Settings

OPERATIONS = operations(create_app(Settings()))
WITH_OWNERS = [one for one in OPERATIONS if one.whose is not None and one.whose.foreign]


@pytest.fixture(scope="module")
def world(module_city: Settings) -> World:
    return city_of(module_city)


def test_whose_every_named_thing_is_is_declared() -> None:
    wrong = [one.path for one in OPERATIONS if one.whose and one.whose.whose == UNDECLARED]
    assert not wrong, f"objects.toml does not say whose these are: {wrong}"
    owned = {kind for kind, whose in known_objects().items() if whose.foreign}
    assert owned == set(EXAMPLES), (
        "each kind with owners has an example of its own and a foreign one"
    )


def test_texts_send_nobody_to_a_page_that_is_not_there() -> None:
    paths = {one.path for one in OPERATIONS}
    files = Path(words.__file__).parent.glob("catalogue/*.toml")
    told = "".join(one.read_text(encoding="utf-8") for one in files)
    named = set(re.findall(r"(?<![\w/.])/(?:docs|openapi)[\w/.]*\w", told))
    assert {"/openapi.json", "/docs/access"} <= named <= paths


def pairs() -> Iterator[Any]:
    for one in WITH_OWNERS:
        for role in one.roles or ():
            yield pytest.param(one, role, id=f"{one.method} {one.path} {role}")


@pytest.mark.parametrize(("one", "role"), pairs())
def test_what_is_somebody_else_s_is_as_if_it_were_not(
    module_client: TestClient, world: World, one: Operation, role: str
) -> None:
    """Never 200, and nothing in the answer tells it from one that is not there."""
    assert one.whose is not None
    theirs = world.named(one.whose.kind, role, foreign=True)
    if theirs is not None:
        answer = ask(module_client, world, one, role, theirs)
        if one.method != "OPTIONS":  # which tells methods alone, whatever is named
            assert answer.status_code == one.whose.foreign, answer.text
        if one.whose.foreign == 404:
            layer = theirs.rpartition("/")[0]
            none = f"{layer}/{MISSING}" if layer else str(MISSING)
            missing = ask(module_client, world, one, role, none)
            assert told(missing, none) == told(answer, theirs)
    mine = world.named(one.whose.kind, role, foreign=False)
    if mine is not None and one.method == "GET" and "picture" not in one.path:
        answer = ask(module_client, world, one, role, mine)
        wrong = {401, 403, 500} if one.path in OF_A_FILE else {401, 403, 404, 500}
        assert answer.status_code not in wrong, answer.text


OF_A_FILE = (
    "/api/imports/{import_id}/changes.svg",
    "/api/imports/{import_id}/question.svg",
    "/api/imports/{import_id}/rejects/file",
)
"""Here an import has none: what is its own then is 404, too."""


def ask(client: TestClient, world: World, one: Operation, role: str, named: str) -> httpx.Response:
    layer, _, number = named.rpartition("/")
    path = one.path.replace("{layer}", layer or "districts")
    path = re.sub(r"{\w+(:\w+)?}", number, path)
    headers = dict(world.key(role))
    if one.method in ("PUT", "PATCH", "DELETE") and "{feature}" in one.path:
        headers["If-Match"] = '"1"'
    body = BODIES.get((one.method, one.path))
    if path.endswith("/events"):
        headers["Accept"] = "text/event-stream"
    kind = "application/merge-patch+json" if one.method == "PATCH" else "application/geo+json"
    if body is not None and "{feature}" in one.path:
        headers["Content-Type"] = kind
    return client.request(one.method, path, headers=headers, json=body, follow_redirects=False)


def told(answer: httpx.Response, named: str) -> tuple[int, str]:
    """Status and text, without what was asked for and the request's own number."""
    text = re.sub(r"[0-9a-f]{16}|nonce[-=]\S+|\d\d:\d\d(:\d\d)?", "", answer.text)
    return answer.status_code, re.sub(rf"(?<!\d){named.rpartition('/')[2]}(?!\d)", "N", text)


def test_the_document_says_who_may_use_each_operation(
    module_client: TestClient, module_sign_in: KeyMaker
) -> None:
    document = module_client.get("/openapi.json", headers=module_sign_in("viewer")).json()
    said = {
        (method.upper(), path): told.get("x-roles")
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    }
    assert said == {(one.method, one.path): roles(one) for one in OPERATIONS}
    scopes = {
        told["x-scope"]
        for methods in document["paths"].values()
        for told in methods.values()
        if "x-roles" in told
    }
    assert len(scopes) > 10 and scopes <= set(SCOPES)
    assert module_client.get("/ogc/api").json()["paths"] == document["paths"]
    assert module_client.get("/openapi.json").status_code == 401


def roles(one: Operation) -> list[str] | None:
    return None if one.roles is None else list(one.roles)


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_administrators_read_the_whole_matrix(
    module_client: TestClient, module_sign_in: KeyMaker, role: str
) -> None:
    found = module_client.get("/docs/access.json", headers=module_sign_in(role)).json()
    assert {(one["method"], one["path"]) for one in found["routes"]} == {
        (one.method, one.path) for one in OPERATIONS
    }
    assert {one["id"]: one["read"] for one in found["layers"]} == {
        one.id: dict(one.readers) for one in layers().values()
    }
    granted = {one["name"]: one["roles"] for one in found["database"]}
    said = declared()
    for name, by_role in {**said.relations, **said.functions}.items():
        assert granted.get(name, {}) == {r: sorted(p) for r, p in by_role.items() if p}, name


@pytest.mark.parametrize("role", ASKERS)
def test_others_read_their_own_column_alone(
    module_client: TestClient, module_sign_in: KeyMaker, role: str
) -> None:
    found = module_client.get("/docs/access.json", headers=module_sign_in(role)).json()
    assert found["roles"] == [role]
    assert all(one["roles"] in ("everyone", [role]) for one in found["routes"])
    assert {(one["method"], one["path"]) for one in found["routes"]} == {
        (one.method, one.path) for one in OPERATIONS if one.may(role)
    }
    assert all(set(one["roles"]) == {role} for one in found["database"])
    mains = [one for one in found["layers"] if one["id"] == "gas_pipelines"]
    assert bool(mains) == (role in ("utility", "supervisor"))
    asked = module_client.get("/docs/access.json?role=security", headers=module_sign_in(role))
    assert asked.json()["roles"] == [role]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_shows_it_and_can_be_searched(
    module_client: TestClient, module_sign_in: KeyMaker, lang: str
) -> None:
    headers = module_sign_in("auditor")
    whole = module_client.get(f"/docs/access?lang={lang}", headers=headers)
    assert whole.status_code == 200
    assert "/api/permits/check" in whole.text and "api.gas_pipelines" in whole.text
    few = module_client.get(f"/docs/access?lang={lang}&q=permits+check", headers=headers).text
    assert "/api/permits/check" in few and "/api/webhooks" not in few
    none = module_client.get(f"/docs/access?lang={lang}&q=%3Cscript%3Ex", headers=headers)
    assert none.status_code == 200 and "<script>x" not in none.text
    one = module_client.get("/docs/access.json?role=viewer&q=permits", headers=headers).json()
    assert one["routes"] == []
