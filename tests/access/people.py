"""People who sign in as a browser does: with cookies, a form's token and an Origin."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyotp
from fastapi.testclient import TestClient

from conftest import bearer, make_key, owner
from gridwarden.app import create_app
from gridwarden.settings import Settings

ORIGIN = {"Origin": "http://testserver", "Accept": "text/html"}
OWN = "lantern-orchard-7-kettle"
"""A password that nobody guesses first."""


@contextmanager
def browser(settings: Settings, base: str = "http://testserver") -> Iterator[TestClient]:
    """One browser, with cookies of its own."""
    with TestClient(
        create_app(settings), base_url=base, raise_server_exceptions=False, follow_redirects=False
    ) as made:
        made.headers.update({"Origin": base, "Accept": "text/html"})
        yield made


def officer(settings: Settings) -> dict[str, str]:
    """The headers of a security officer's key."""
    return bearer(make_key(settings, "security")) | {"Accept": "application/json"}


def new_account(client: TestClient, headers: dict[str, str], **wanted: Any) -> dict[str, Any]:
    """An account by the API, with its first password."""
    asked = {"full_name": f"Person {wanted['name']}", "role": "planner"} | wanted
    if asked["role"] in ("planner", "dispatcher", "viewer", "supervisor"):
        asked.setdefault("all_districts", True)
    answer = client.post("/api/accounts", json=asked, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def token_of(client: TestClient) -> str:
    """The token of the login form that this browser is shown."""
    found = re.search(r'name="form" value="(\w+)"', client.get("/login").text)
    assert found
    return found[1]


def try_in(client: TestClient, name: str, password: str, **more: str) -> Any:
    """Post the login form as the browser would."""
    form = {"form": token_of(client), "name": name, "password": password} | more
    return client.post("/login", data=form)


def set_own(client: TestClient, password: str = OWN) -> Any:
    """Choose a password of one's own where the first one was given."""
    return client.post("/login/password", data={"password": password, "again": password})


def sign_in(client: TestClient, name: str, first: str, password: str = OWN) -> None:
    """Sign in for the first time, to the end."""
    assert try_in(client, name, first).headers["location"] == "/login/password"
    assert set_own(client, password).status_code == 303
    assert client.get("/api/whoami").json()["person"] == name


def code_of(secret: str, later: int = 0) -> str:
    """What the app shows now, or so many steps later."""
    import time

    return pyotp.TOTP(secret).at(int(time.time()) + 30 * later)


def sealed_of(text: str) -> tuple[str, str]:
    """The sealed field and the secret of an enrolment page."""
    sealed = re.search(r'name="sealed" value="([^"]+)"', text)
    letters = re.search(r"<code data-copy[^>]*>([A-Z2-7 ]+)</code>", text)
    assert sealed and letters
    return sealed[1], letters[1].replace(" ", "")


def forget_tries(settings: Settings) -> None:
    """As if nobody had typed a wrong password yet."""
    with owner(settings) as c:
        c.execute("delete from access.attempt")
