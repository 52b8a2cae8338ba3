"""Every route says who may use it, and answers 401 and 403 to everyone else."""

import re

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import Mount

from conftest import KeyMaker, bearer, make_key, owner
from gridwarden.access.audience import Anybody
from gridwarden.access.matrix import audiences_of, routes_of
from gridwarden.app import create_app
from gridwarden.database import ADMINISTRATORS, ASKERS, PICTURES
from gridwarden.settings import Settings

ROLES = ASKERS + ADMINISTRATORS
STEPS = ("factor", "password", "enrol")
"""Pages of a sign-in that is under way: they answer to the step's own cookie alone."""
ANONYMOUS = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/healthz/through"),
    ("GET", "/healthz/through/events"),
    ("GET", "/tls"),
    ("GET", "/tls/ca.crt"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/login/provider"),
    ("GET", "/login/provider/back"),
    *((method, f"/login/{step}") for step in STEPS for method in ("GET", "POST")),
    ("GET", "/ogc"),
    ("GET", "/ogc/conformance"),
    ("GET", "/ogc/api"),
    ("GET", "/maps/embed/{token}"),
    ("GET", "/maps/embed/{token}.png"),
}
"""What callers without a key may reach, besides the static files; nothing is added lightly."""
MOUNTS = {"/static", "/assets"}
VALUES = {"layer": "districts", "system": "districts", "name": "heat", "date": "2026-11-20"}

APP_ROUTES = list(routes_of(create_app(Settings())))
API_ROUTES = [route for route in APP_ROUTES if isinstance(route, APIRoute)]
OPERATIONS = [
    pytest.param(method, route, id=f"{method} {route.path}")
    for route in API_ROUTES
    for method in sorted(route.methods - {"HEAD"})
]


def test_there_are_no_routes_of_another_kind() -> None:
    """A websocket or a plain route would pass the audience by; a mount serves files to all."""
    others = [route for route in APP_ROUTES if not isinstance(route, APIRoute)]
    assert all(isinstance(route, Mount) for route in others)
    assert {route.path for route in others} <= MOUNTS
    assert len(API_ROUTES) > 20


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_a_route_declares_exactly_one_audience(method: str, route: APIRoute) -> None:
    found = list(audiences_of(route.dependant))
    assert len(found) == 1, f"{method} {route.path} declares {found}"
    assert isinstance(found[0], Anybody) == ((method, route.path) in ANONYMOUS)


@pytest.fixture(scope="module")
def void(module_city: Settings) -> dict[str, str]:
    """Keys that once held: by what became of them."""
    made = {"expired": "expires_at = now() - interval '1 second'", "revoked": "revoked_at = now()"}
    for name, change in made.items():
        secret = make_key(module_city, "supervisor", all_districts=True)
        with owner(module_city) as c:
            statement = f"update access.credential set {change} where hash = sha256(%s::bytea)"
            c.execute(statement, (secret.encode(),))  # type: ignore[arg-type]
        made[name] = secret
    return made


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_a_route_answers_as_declared(
    module_client: TestClient,
    module_sign_in: KeyMaker,
    void: dict[str, str],
    method: str,
    route: APIRoute,
) -> None:
    path = re.sub(r"{(\w+)(:\w+)?}", lambda m: VALUES.get(m[1], "1"), route.path)
    [audience] = audiences_of(route.dependant)

    def ask(**headers: str) -> int:
        answer = module_client.request(method, path, headers=headers, follow_redirects=False)
        return answer.status_code

    anonymous = ask()
    if isinstance(audience, Anybody):
        assert anonymous < 500
        return
    assert anonymous == 401
    assert ask(Authorization="Bearer gw_made_up") == 401
    assert ask(Cookie="gridwarden_session=made-up") == 401
    for name, secret in void.items():
        assert ask(**bearer(secret)) == 401, name
    # nobody holds a key of a picture's role; one that was made by hand opens nothing
    for role in (*ROLES, *PICTURES):
        status = ask(**module_sign_in(role, all_districts=True))
        assert (status == 403) == (role not in audience.roles), (role, status)
        assert status != 401
        assert status != 500
