"""Requests that mean harm: each is refused with a clear 4xx, within its limit, and changes nothing.

Hostile files are tried beside their readers (tests/intake), wrong embed links in test_embeds.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import BaseModel

from access.own_and_foreign import EXAMPLES, World, city_of
from access.people import browser, new_account, officer, token_of
from conftest import owner
from gridwarden.access.matrix import Operation, operations, routes_of
from gridwarden.app import create_app
from gridwarden.settings import Settings
from gridwarden.words.bounds import MAX_BODY, MAX_DEPTH, MAX_HEADERS, MAX_TARGET

APP = create_app(Settings())
CHANGING = [one for one in operations(APP) if one.method in ("POST", "PUT", "PATCH")]
READING = [one for one in operations(APP) if one.method == "GET"]
MODELS = {
    f"{sorted(route.methods)[0]} {route.path}": route.body_field.field_info.annotation
    for route in routes_of(APP)
    if isinstance(route, APIRoute) and route.body_field is not None
}
HUGE = 10**30


@pytest.fixture(scope="module")
def world(module_city: Settings) -> World:
    """Two of everything."""
    return city_of(module_city)


def path_of(world: World, one: Operation, role: str) -> str:
    """A path that exists, so that the attempt comes past 'not found' where it can."""
    path = one.path
    kind = one.whose.kind if one.whose else ""
    own = (world.named(kind, role, foreign=False) if kind in EXAMPLES else None) or "1"
    if "{layer}" in path:
        layer, _, number = own.partition("/")
        path = path.replace("{layer}", layer if number else "buildings")
        own = number or "1"
    while "{" in path:
        path = path[: path.index("{")] + own + path[path.index("}") + 1 :]
    return path


def senders(world: World, one: Operation) -> dict[str, str]:
    """The headers of the first role that may."""
    return world.key(one.roles[0]) if one.roles else {}


def refused(answer: Any, what: str = "") -> None:
    """A problem in words, of the 4xx kind."""
    assert 400 <= answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    assert answer.json()["detail"]


@pytest.mark.parametrize("one", CHANGING, ids=lambda one: f"{one.method} {one.path}")
def test_json_that_is_deep_huge_or_holds_a_huge_number_is_refused_unread(
    module_client: TestClient, world: World, one: Operation
) -> None:
    role = one.roles[0] if one.roles else ""
    path, key = path_of(world, one, role), senders(world, one)
    headers = key | {"Content-Type": "application/json", "Accept": "application/json"}
    told = APP.openapi()["paths"].get(one.path, {}).get(one.method.lower(), {})
    takes = told.get("requestBody", {}).get("content", {})
    takes_json = f"{one.method} {one.path}" in MODELS and "application/json" in takes
    bodies = {
        "deep": b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        "huge": b'{"a":"' + b"x" * (2 * MAX_BODY) + b'"}',
        "number": b'{"a":' + b"9" * 100_000 + b"}",
    }
    for what, body in bodies.items():
        answer = module_client.request(one.method, path, content=body, headers=headers)
        assert answer.status_code < 500, f"{what}: {answer.text[:300]}"
        if takes_json:
            refused(answer, what)
            assert answer.status_code == (413 if what == "huge" else 400)


def test_depth_is_counted_outside_texts_only(module_client: TestClient, world: World) -> None:
    headers = world.key("security")
    brackets = {"name": "[" * 500, "role": "viewer", "full_name": "x"}
    answer = module_client.post("/api/accounts", json=brackets, headers=headers)
    assert "nested" not in answer.json()["detail"]
    deep: Any = []
    for _ in range(MAX_DEPTH):
        deep = [deep]
    answer = module_client.post(
        "/api/accounts", json=deep, headers=headers | {"Accept-Language": "en"}
    )
    assert (answer.status_code, "nested" in answer.json()["detail"]) == (400, True)


def models_within(model: Any) -> Iterator[type[BaseModel]]:
    """This model and those of its fields."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        yield model
        for one in model.model_fields.values():
            yield from models_within(one.annotation)
    for inner in getattr(model, "__args__", ()):
        yield from models_within(inner)


def test_no_body_takes_what_it_does_not_name(module_client: TestClient, world: World) -> None:
    # what a form's function names is all that it is given; of JSON each model says so itself
    found = {model for whole in MODELS.values() for model in models_within(whole)}
    named = {model for model in found if not model.__name__.startswith("Body_")}
    assert len(named) >= 8
    assert [m.__name__ for m in named if m.model_config.get("extra") != "forbid"] == []

    security = world.key("security")
    asked = {"name": "mass", "full_name": "M", "role": "viewer", "all_districts": True}
    for hidden in ("id", "made_by", "disabled_at", "password_hash", "is_admin", "kind"):
        answer = module_client.post("/api/accounts", json=asked | {hidden: 1}, headers=security)
        assert (answer.status_code, answer.json()["field"]) == (400, hidden)
    with owner(world.settings) as c:
        row = c.execute("select count(*) from access.account where name = 'mass'").fetchone()
    assert row == (0,)


@pytest.mark.parametrize("one", READING, ids=lambda one: one.path)
def test_what_no_query_and_no_path_may_hold_is_a_4xx(
    module_client: TestClient, world: World, one: Operation
) -> None:
    role = one.roles[0] if one.roles else ""
    path, headers = path_of(world, one, role), senders(world, one)
    headers = headers | {"Accept": "application/json"}
    long = "x" * (MAX_TARGET + 1)
    for query, status in (
        (f"q={long}", 414),
        ("lang=zh&lang=en", 400),
        ("a=1&b=2&a=3", 400),
    ):
        answer = module_client.get(f"{path}?{query}", headers=headers, follow_redirects=False)
        assert answer.status_code == status, (query[:40], answer.text[:200])
        refused(answer)
    for query in (
        "q=%00&name=%00&bbox=%00",
        "q=%ED%A0%80&lang=%ED%A0%80&at=%ED%A0%80",
        f"limit={HUGE}&after={HUGE}&before={HUGE}&offset=-{HUGE}&k={HUGE}",
        "limit=1e9&k=1000000000&lon=1e400&lat=nan",
        "bbox=-1e308,-1e308,1e308,1e308&crs=EPSG:99999999999999999999",
        "bbox=-180,-90,180,90&cells=square-100",
        "at=9999999999-01-01&from=0000-00-00&date=-1",
        "lang=en%0d%0aSet-Cookie:%20a=1&next=%0d%0aSet-Cookie:%20a=1",
        "filter=name%3D'x'%3Bdrop%20table%20data.buildings--&layer='%20or%201%3D1--",
    ):
        answer = module_client.get(f"{path}?{query}", headers=headers, follow_redirects=False)
        assert answer.status_code < 500, (query, answer.text[:300])
        assert "a=1" not in answer.headers.get("set-cookie", "")
    if "{" in one.path:
        for odd in (str(HUGE), "%00", "%ED%A0%80", "-1", "1%20or%201=1", "..%2f..%2fetc", "%2e%2e"):
            whole = one.path[: one.path.index("{")] + odd + one.path[one.path.index("}") + 1 :]
            whole = whole.replace("{", "").replace("}", "")
            answer = module_client.get(whole, headers=headers, follow_redirects=False)
            assert 400 <= answer.status_code < 500, (whole, answer.status_code, answer.text[:200])


def test_headers_and_addresses_have_a_size(module_client: TestClient) -> None:
    big = module_client.get("/login", headers={"X-Odd": "x" * MAX_HEADERS})
    assert big.status_code == 431
    assert module_client.get("/" + "x" * MAX_TARGET).status_code == 414
    for odd in ("x" * 5000, "zh;q=9e999", "*;q=\xff", "{{7*191}}", "en\t;q=nan," * 200):
        raw = {"Accept-Language": odd.encode("latin-1")}
        assert module_client.get("/login", headers=raw).status_code == 200  # type: ignore[arg-type]


def test_no_header_and_no_field_turns_a_method_into_another(
    module_client: TestClient, world: World
) -> None:
    office = world.key("supervisor")
    hook = world.named("webhooks", "supervisor", foreign=False)
    path = f"/api/webhooks/{hook}"
    assert module_client.get(path, headers=office).status_code == 200
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        module_client.get(path, headers=office | {header: "DELETE"})
        assert module_client.post(path, headers=office | {header: "DELETE"}).status_code == 405
    assert module_client.post(f"{path}?_method=DELETE", headers=office).status_code == 405
    for method in ("TRACE", "CONNECT", "PROPFIND", "delete", "GET\tX"):
        answer = module_client.request(method, "/api/rules", headers=office)
        assert answer.status_code in (400, 404, 405)
    assert module_client.get(path, headers=office).status_code == 200, "it is still there"


def test_no_path_leads_out_of_the_served_folders(
    module_client: TestClient, module_city: Settings
) -> None:
    module_city.assets.mkdir(exist_ok=True)
    secret = next(one for one in module_city.secrets.iterdir() if one.is_file())
    climbs = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "..%252f", "%c0%ae%c0%ae/")
    targets = (f"secrets/{secret.name}", "etc/passwd", "pyproject.toml")
    for mount in ("/static/", "/assets/", "/assets/leaflet/", "/maps/embed/", "/docs/"):
        for climb in climbs:
            for depth in (1, 2, 8):
                for target in targets:
                    answer = module_client.get(mount + climb * depth + target)
                    assert 400 <= answer.status_code < 500
                    assert b"root:" not in answer.content
                    assert secret.read_bytes() not in answer.content
    for absolute in (
        "/static//etc/passwd",
        "/assets//etc/passwd",
        "/static/%00",
        "/assets/a%00.js",
    ):
        assert 400 <= module_client.get(absolute).status_code < 500
    link = module_city.assets / "out"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("/etc"))
    try:
        assert module_client.get("/assets/out/passwd").status_code == 404
    finally:
        link.unlink()


def forged(header: dict[str, Any], claims: dict[str, Any], key: bytes | None) -> str:
    """A JSON web token of our own making."""
    parts = [json.dumps(one).encode() for one in (header, claims)]
    said = b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts)
    made = hmac.digest(key, said, hashlib.sha256) if key else b""
    return f"{said.decode()}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def test_no_token_that_we_did_not_give_lets_anybody_in(
    module_client: TestClient, world: World
) -> None:
    claims = {"sub": "root", "role": "supervisor", "exp": 4_000_000_000, "scopes": ["write"]}
    tokens = [
        forged({"alg": "none", "typ": "JWT"}, claims, None),
        forged({"alg": "HS256", "kid": "../../dev/null"}, claims, b""),
        forged({"alg": "HS256"}, claims, b"secret"),
        forged({"alg": "HS256", "jwk": {"kty": "oct", "k": ""}}, claims | {"exp": 1}, b"k"),
        world.key("supervisor")["Authorization"].removeprefix("Bearer ")[:-1] + "\u00e9",
        "gw_' or 1=1--",
        "gw_" + "A" * 20_000,
        "gw_\udc80",
        "%00",
    ]
    for token in tokens:
        raw = {"Authorization": f"Bearer {token}".encode("utf-8", "surrogateescape")}
        for path in ("/api/whoami", "/openapi.json", "/api/findings"):
            answer = module_client.get(path, headers=raw)  # type: ignore[arg-type]
            assert answer.status_code == 401, (token[:40], path, answer.status_code)
        for path in (f"/maps/embed/{token[:2000]}", f"/maps/embed/{token[:2000]}.png"):
            odd = path.encode("utf-8", "replace").decode()
            assert 400 <= module_client.get(odd).status_code < 500
        cookie = {"Cookie": f"gridwarden_session={token[:2000]}".encode("utf-8", "surrogateescape")}
        assert module_client.get("/api/whoami", headers=cookie).status_code == 401  # type: ignore[arg-type]


def test_signing_in_never_leads_to_another_site(module_city: Settings) -> None:
    with browser(module_city) as b:
        name = "wanderer"
        made = new_account(b, officer(module_city), name=name)
        for there in (
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/%09/evil.example\r\nSet-Cookie: a=1",
            "/@evil.example\x00",
        ):
            form = {
                "form": token_of(b),
                "name": name,
                "password": made["first_password"],
                "next": there,
            }
            answer = b.post("/login", data=form)
            assert answer.status_code < 500
            to = answer.headers.get("location", "/")
            assert to.startswith("/") and not to.startswith(("//", "/\\")), (there, to)
            assert "a=1" not in answer.headers.get("set-cookie", "")
            shown = b.get("/login", params={"next": there}).text
            assert 'value="//' not in shown
            assert 'value="javascript' not in shown
            b.cookies.clear()
