"""Every route says who may use it, and answers 401 and 403 to everyone else."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import Mount

from conftest import KeyMaker
from gridwarden.access.audience import Anybody, Audience
from gridwarden.app import create_app
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.settings import Settings

ROLES = ASKERS + ADMINISTRATORS
ANONYMOUS = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/ogc"),
    ("GET", "/ogc/conformance"),
    ("GET", "/ogc/api"),
}
"""What callers without a key may reach, besides the static files; nothing is added lightly."""
MOUNTS = {"/static", "/assets"}
VALUES = {"layer": "districts", "system": "districts", "name": "heat", "date": "2026-11-20"}


def routes_of(router: Any) -> Iterator[Any]:
    """Every route, those of included routers among them."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from routes_of(inner)


def audiences_of(dependant: Any) -> Iterator[Audience | Anybody]:
    """What the dependencies of a route declare."""
    if isinstance(dependant.call, (Audience, Anybody)):
        yield dependant.call
    for below in dependant.dependencies:
        yield from audiences_of(below)


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


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_a_route_answers_as_declared(
    module_client: TestClient, module_sign_in: KeyMaker, method: str, route: APIRoute
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
    for role in ROLES:
        status = ask(**module_sign_in(role, all_districts=True))
        assert (status == 403) == (role not in audience.roles), (role, status)
        assert status != 401
        assert status != 500
