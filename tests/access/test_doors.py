"""Keys, one-time links and sessions: hashed, used once, refused when forged or foreign."""

import hashlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from access.own_and_foreign import put
from commands import run_command
from conftest import KeyMaker, bearer, make_key, owner
from gridwarden.access.audience import COOKIE
from gridwarden.access.browser import own_path
from gridwarden.app import create_app
from gridwarden.settings import Settings


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One `gridwarden` command against this city."""
    return run_command(settings, *arguments, GRIDWARDEN_LANGUAGE="en")


def new_link(settings: Settings, role: str = "planner") -> str:
    return make_key(settings, role, all_districts=True, kind="link")


def test_a_printed_key_works_and_only_its_hash_is_kept(city: Settings, client: TestClient) -> None:
    done = run(city, "token", "planner", "--person", "李工", "--label", "test")
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    assert re.fullmatch(r"gw_[A-Za-z0-9_-]{43}", key)
    me = client.get("/api/whoami", headers=bearer(key)).json()
    assert (me["role"], me["person"], me["all_districts"]) == ("planner", "李工", True)
    with owner(city) as c:
        row = c.execute("select hash from access.credential").fetchone()
        everything = c.execute("select c::text from access.credential c").fetchall()
        audit = c.execute("select a::text from data.audit a").fetchall()
    assert row == (hashlib.sha256(key.encode()).digest(),)
    assert not any(key in text or key[3:] in text for (text,) in [*everything, *audit])


def test_a_key_for_a_company_that_is_not_there_is_refused(city: Settings) -> None:
    for arguments in (("utility", "--org", "无此公司"), ("planner", "--district", "无此区")):
        done = run(city, "token", *arguments)
        assert done.returncode == 1
        assert done.stdout == ""
        assert "Import the layer" in " ".join(done.stderr.split())
    refused = {
        ("owner",): "utility",
        ("embed",): "gridwarden embed make",
        ("contractor",): "--org",
        ("warden",): "--grid",
    }
    for arguments, told in refused.items():
        done = run(city, "token", *arguments)
        assert done.returncode == 1
        assert told in " ".join(done.stderr.split())


def test_a_warden_s_grid_is_named_by_its_code_or_its_name(
    city: Settings, client: TestClient
) -> None:
    with owner(city) as c:
        ring = "MULTIPOLYGON(((0 0, 9 0, 9 9, 0 0)))"
        grid = put(c, "warden_grids", ring, name="西南区第4网格", code="990104003")
    for called in ("990104003", "西南区第4网格", str(grid)):
        done = run(city, "token", "warden", "--grid", called)
        assert done.returncode == 0, done.stderr
        me = client.get("/api/whoami", headers=bearer(done.stdout.strip())).json()
        assert me["grid_ids"] == [grid], called


@pytest.mark.parametrize(
    "header",
    ["Bearer gw_wrong", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer \udcff", "bearer", ""],
)
def test_a_key_that_does_not_hold_is_a_401_that_says_how(client: TestClient, header: str) -> None:
    encoded = header.encode("utf-8", "surrogateescape")
    answer = client.get("/api/whoami", headers={b"Authorization": encoded})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_expired_and_a_revoked_key_do_not_hold(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    expired = sign_in("viewer")
    with owner(city) as c:
        c.execute("update access.credential set expires_at = now() - interval '1 second'")
    assert client.get("/api/whoami", headers=expired).status_code == 401

    officer, viewer = sign_in("security"), sign_in("viewer")
    listed = client.get("/api/keys", headers=officer).json()["items"]
    assert {one["role"] for one in listed} == {"security", "viewer"}
    assert not any("hash" in one for one in listed)
    assert client.get("/api/whoami", headers=viewer).status_code == 200
    number = next(one["id"] for one in listed if one["role"] == "viewer")
    assert client.delete(f"/api/keys/{number}", headers=viewer).status_code == 403
    assert client.delete(f"/api/keys/{number}", headers=officer).status_code == 204
    assert client.get("/api/whoami", headers=viewer).status_code == 401
    assert client.delete(f"/api/keys/{number}", headers=officer).status_code == 404
    with owner(city) as c:
        recorded = c.execute(
            "select role, detail->>'id' from data.audit where action = 'key_revoked'"
        ).fetchall()
    assert recorded == [("gridwarden_security", str(number))]


def test_the_command_line_lists_and_revokes(city: Settings, client: TestClient) -> None:
    key = run(city, "token", "auditor", "--days", "3").stdout.strip()
    assert client.get("/api/whoami", headers=bearer(key)).json()["role"] == "auditor"
    with owner(city) as c:
        row = c.execute("select id from access.credential").fetchone()
    assert row
    assert "auditor" in run(city, "keys").stdout
    assert run(city, "revoke", str(row[0])).returncode == 0
    client.app.state.callers.forget()  # type: ignore[attr-defined]
    assert client.get("/api/whoami", headers=bearer(key)).status_code == 401
    assert run(city, "revoke", str(row[0])).returncode == 1


def test_a_printed_link_signs_a_browser_in_with_one_click(
    city: Settings, live: str, chromium: Browser
) -> None:
    printed = run(city, "login-link", "planner", "--base", live).stdout.strip()
    assert printed.startswith(f"{live}/login?link=")
    for _ in range(3):  # a link preview of a chat program
        assert httpx.get(printed).status_code == 200
    context = chromium.new_context()
    page = context.new_page()
    page.goto(printed)
    page.locator("form[action='/login'] button").click()
    page.wait_for_url(f"{live}/")
    assert page.request.get(f"{live}/api/whoami").json()["role"] == "planner"
    [cookie] = [c for c in context.cookies() if c["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Lax", False)

    page.goto(printed)
    assert page.locator("input[name='link']").count() == 0
    page.request.post(f"{live}/logout", headers={"Origin": live})
    assert page.request.get(f"{live}/api/whoami").status == 401
    context.close()


def test_of_many_at_once_one_gets_in(city: Settings, live: str) -> None:
    link = new_link(city)

    def use(_: int) -> int:
        return httpx.post(f"{live}/login", data={"link": link}).status_code

    with ThreadPoolExecutor(12) as threads:
        answers = sorted(threads.map(use, range(24)))
    assert answers == [303] + [401] * 23
    with owner(city) as c:
        sessions = c.execute(
            "select count(*) from access.credential where kind = 'session'"
        ).fetchone()
    assert sessions == (1,)


def test_an_old_link_and_a_key_are_no_links(city: Settings, client: TestClient) -> None:
    link = new_link(city)
    with owner(city) as c:
        c.execute("update access.credential set expires_at = now() - interval '1 second'")
    for secret in (link, make_key(city, "planner"), "gwl_made_up", ""):
        answer = client.post("/login", data={"link": secret}, follow_redirects=False)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    assert client.get("/login", params={"link": link}).status_code == 410


def test_a_link_is_no_key_and_no_session(city: Settings, client: TestClient) -> None:
    link = new_link(city)
    assert client.get("/api/whoami", headers=bearer(link)).status_code == 401
    assert client.get("/api/whoami", headers={"Cookie": f"{COOKIE}={link}"}).status_code == 401
    key = make_key(city, "planner")
    assert client.get("/api/whoami", headers={"Cookie": f"{COOKIE}={key}"}).status_code == 401


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_secure_exactly_over_https(city: Settings, scheme: str) -> None:
    with TestClient(create_app(city), base_url=f"{scheme}://gridwarden.example") as client:
        answer = client.post("/login", data={"link": new_link(city)}, follow_redirects=False)
        flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
        assert ("secure" in flags) == (scheme == "https")
        assert {"httponly", "samesite=lax", "path=/"} <= flags
        assert client.get("/api/whoami").json()["role"] == "planner"


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_use_a_session(
    city: Settings, client: TestClient, headers: dict[str, str]
) -> None:
    session = {"Cookie": f"{COOKIE}={make_key(city, 'planner', kind='session')}"}
    answer = client.delete("/api/jobs/1", headers=session | headers)
    assert answer.status_code == 403
    assert answer.json()["field"] == "Origin"
    assert client.get("/api/whoami", headers=session | headers).status_code == 200
    own = client.delete("/api/jobs/1", headers=session | {"Origin": "http://testserver"})
    assert own.status_code == 404


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_sign_a_browser_in(
    city: Settings, client: TestClient, headers: dict[str, str]
) -> None:
    answer = client.post("/login", data={"link": new_link(city)}, headers=headers)
    assert answer.status_code == 403


def test_a_bearer_key_needs_no_origin(client: TestClient, sign_in: KeyMaker) -> None:
    headers = sign_in("planner") | {"Origin": "https://evil.example"}
    assert client.delete("/api/jobs/1", headers=headers).status_code == 404


def test_key_and_session_give_the_same_caller(city: Settings, client: TestClient) -> None:
    rights = {"org_ids": (3, 4), "district_ids": (5,)}
    key = make_key(city, "utility", **rights)
    session = make_key(city, "utility", kind="session", **rights)
    one = client.get("/api/whoami", headers=bearer(key)).json()
    two = client.get("/api/whoami", headers={"Cookie": f"{COOKIE}={session}"}).json()
    assert one == two
    assert (one["org_ids"], one["district_ids"]) == ([3, 4], [5])


def test_signing_out_ends_the_session_itself(city: Settings, client: TestClient) -> None:
    client.post("/login", data={"link": new_link(city)})
    session = client.cookies[COOKIE]
    own = {"Origin": "http://testserver"}
    assert client.post("/logout", headers=own, follow_redirects=False).status_code == 303
    again = client.get("/api/whoami", headers={"Cookie": f"{COOKIE}={session}"})
    assert again.status_code == 401


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/maps/heat?cells=square-500", "/maps/heat?cells=square-500"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_on_within_this_service_only(asked: str, led_to: str) -> None:
    assert own_path(asked) == led_to
