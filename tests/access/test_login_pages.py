"""Signing in with a real Chromium: plain http on an address that is not localhost, and behind a
proxy that says https.
"""

import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from people import OWN, code_of, new_account, officer, sealed_of
from playwright.sync_api import Browser, Page

from conftest import CHROMIUM_FLAGS, bearer, environment, make_key, owner, served
from gridwarden.app import create_app
from gridwarden.settings import Settings

HOST = "office.gridwarden.example"
"""A name that is not localhost, which browsers treat as if it were https."""


@pytest.fixture(scope="module")
def office() -> Iterator[Browser]:
    """A Chromium to which the office's name is this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[*CHROMIUM_FLAGS, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"],
        )
        yield browser
        browser.close()


@contextmanager
def proxied(url: str, proto: str | None) -> Iterator[int]:
    """A proxy that hands requests on to `url` with the browser's Host, and says `proto`."""
    target = httpx.URL(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def hand_on(self) -> None:
            headers = {k: v for k, v in self.headers.items() if not k.lower().startswith("x-forw")}
            if proto:
                headers["X-Forwarded-Proto"] = proto
                headers["X-Forwarded-For"] = "10.9.8.7"
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            c = HTTPConnection(str(target.host), target.port or 80)
            c.request(self.command, self.path, body, headers)
            answer = c.getresponse()
            text = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "server", "date"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = hand_on  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def account(settings: Settings, name: str, role: str = "planner") -> str:
    """A new account's first password."""
    with TestClient(create_app(settings)) as client:
        made = new_account(client, officer(settings), name=name, full_name="王力", role=role)
    return str(made["first_password"])


def type_in(page: Page, base: str, name: str, password: str) -> None:
    page.goto(f"{base}/accounts")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("form[action='/login'] button")


def choose(page: Page) -> None:
    page.fill("#new", OWN)
    page.fill("#again", OWN)
    page.click("form[action='/login/password'] button")


def test_plain_http_on_a_name_of_the_office(module_city: Settings, office: Browser) -> None:
    """An administrator, to the end: password, own password, second factor, codes, the page."""
    first = account(module_city, "chen", "security")
    foreign: list[str] = []
    with served(module_city) as url:
        base = f"http://{HOST}:{url.rpartition(':')[2]}"
        context = office.new_context(viewport={"width": 390, "height": 844})
        page = context.new_page()
        page.on("request", lambda r: foreign.append(r.url) if HOST not in r.url else None)
        page.on("console", lambda m: foreign.append(m.text) if m.type == "error" else None)
        type_in(page, base, "chen", first)
        page.wait_for_url(f"{base}/login/password?**")
        choose(page)
        page.wait_for_url(f"{base}/login/enrol?**")
        assert page.locator(".qr svg").bounding_box()
        _, secret = sealed_of(page.content())
        page.fill("#code", code_of(secret))
        page.click("form[action='/login/enrol'] button")
        assert page.locator(".codes li").count() == 10
        page.click("main a.button")
        page.wait_for_url(f"{base}/accounts")
        assert page.locator("table a", has_text="chen").count() == 1
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        cookies = {one["name"]: one for one in context.cookies()}
        assert not cookies["gridwarden_session"]["secure"]
        assert cookies["gridwarden_session"]["httpOnly"]
        page.click("form[action='/logout'] button")
        page.wait_for_url(f"{base}/login")
        type_in(page, base, "chen", OWN)
        page.wait_for_url(f"{base}/login/factor?**")
        page.fill("#code", code_of(secret, 1))
        page.click("form[action='/login/factor'] button")
        page.wait_for_url(f"{base}/accounts")
        assert foreign == []
        context.close()


def test_a_browser_that_keeps_no_cookies_is_told_so(module_city: Settings, office: Browser) -> None:
    first = account(module_city, "kein")
    with served(module_city) as url:
        base = f"http://{HOST}:{url.rpartition(':')[2]}"
        context = office.new_context()
        page = context.new_page()
        page.goto(f"{base}/login?lang=en")
        context.clear_cookies()
        page.fill("#name", "kein")
        page.fill("#password", first)
        page.click("form[action='/login'] button")
        assert HOST in page.inner_text("[role=alert]")
        assert "cookie" in page.inner_text("[role=alert]").lower()
        context.close()


def test_behind_a_trusted_proxy_that_says_https_the_cookie_is_secure(
    module_city: Settings,
) -> None:
    """What a browser gets by https through a proxy (Chromium cannot be shown a certificate here,
    so its part is played by hand; what it does with http is the next test)."""
    first = account(module_city, "secure")
    trusting = module_city.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
    with served(trusting, proxy_headers=False) as url, proxied(url, "https") as port:
        base = f"http://{HOST}"
        headers = {"Host": HOST, "Accept": "text/html", "Origin": f"https://{HOST}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            shown = client.get("/login")
            [cookie] = shown.headers.get_list("set-cookie")
            assert cookie.startswith("__Host-gridwarden_form=") and "; secure" in cookie.lower()
            token = re.search(r'name="form" value="(\w+)"', shown.text)
            assert token
            form = {"form": token[1], "name": "secure", "password": first}
            kept = {"Cookie": cookie.partition(";")[0]}
            step = client.post("/login", data=form, headers=kept)
            assert step.headers["location"] == "/login/password"
            assert "__host-gridwarden_step=" in step.headers["set-cookie"].lower()
            loud = client.post("/login", data=form, headers=kept | {"Origin": base})
            assert loud.status_code == 400 and "X-Forwarded-Proto" in loud.text
            plain = {"Cookie": kept["Cookie"].removeprefix("__Host-")}
            assert client.post("/login", data=form, headers=plain).status_code == 400
    with owner(module_city) as c:
        addresses = c.execute("select who from access.attempt where who like 'address %'")
        assert ("address 10.9.8.7",) in addresses.fetchall()


def test_a_proxy_that_wrongly_says_https_is_told_on_the_page(
    module_city: Settings, office: Browser
) -> None:
    first = account(module_city, "wrongly")
    trusting = module_city.model_copy(update={"trusted_proxies": ("127.0.0.0/8",)})
    with served(trusting, proxy_headers=False) as url, proxied(url, "https") as port:
        context = office.new_context()
        page = context.new_page()
        page.goto(f"http://{HOST}:{port}/login?lang=en")
        page.fill("#name", "wrongly")
        page.fill("#password", first)
        page.click("form[action='/login'] button")
        assert "X-Forwarded-Proto" in page.inner_text("[role=alert]")
        context.close()


def test_nobody_is_believed_by_default(module_city: Settings, office: Browser) -> None:
    """A proxy that is not named may say what it likes: signing in works, and no address is its."""
    first = account(module_city, "untrusted")
    with served(module_city, proxy_headers=False) as url, proxied(url, "https") as port:
        context = office.new_context()
        page = context.new_page()
        base = f"http://{HOST}:{port}"
        page.goto(f"{base}/login")
        page.fill("#name", "untrusted")
        page.fill("#password", first)
        page.click("form[action='/login'] button")
        page.wait_for_url(f"{base}/login/password")
        choose(page)
        page.wait_for_url(f"{base}/")
        assert not any(one["secure"] for one in context.cookies())
        context.close()
    with owner(module_city) as c:
        row = c.execute(
            "select detail ->> 'address' from data.audit where action = 'login'"
            " and person = 'untrusted'"
        ).fetchone()
    assert row == ("127.0.0.1",)


def test_another_page_cannot_act_in_a_session(module_city: Settings, office: Browser) -> None:
    """A page of another site, and of another port of the same host, posts a form and fetches: over
    plain http, where there is no Sec-Fetch-Site."""
    first = account(module_city, "victim")

    class Evil(BaseHTTPRequestHandler):
        text = b""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(Evil.text)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    evil = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=evil.serve_forever, daemon=True).start()
    with served(module_city) as url:
        base = f"http://{HOST}:{url.rpartition(':')[2]}"
        context = office.new_context()
        page = context.new_page()
        page.goto(f"{base}/login")
        page.fill("#name", "victim")
        page.fill("#password", first)
        page.click("form[action='/login'] button")
        choose(page)
        page.wait_for_url(f"{base}/")
        form = f'<form method="post" action="{base}/logout"><button>x</button></form>'
        Evil.text = form.encode()
        for host in (HOST, "127.0.0.1"):
            with page.expect_response("**/logout") as answered:
                page.goto(f"http://{host}:{evil.server_address[1]}/")
                page.click("button")
            sent = answered.value.request.all_headers()
            assert "sec-fetch-site" not in sent
            # From the other port the cookie comes along: the same site, by SameSite's lights.
            assert ("gridwarden_session" in sent.get("cookie", "")) == (host == HOST)
            assert answered.value.status in (401, 403)
            assert sent["origin"] == "null"
        page.goto(f"{base}/account")
        assert page.locator("h1").count() == 1 and "/account" in page.url
        context.close()
    evil.shutdown()
    evil.server_close()


def test_a_session_without_an_origin_is_refused(module_city: Settings) -> None:
    session = make_key(module_city, "planner", kind="session")
    with TestClient(create_app(module_city)) as client:
        cookie = {"Cookie": f"gridwarden_session={session}"}
        for headers, status in (
            ({}, 403),
            ({"Referer": "http://evil.example/"}, 403),
            ({"Referer": "http://testserver.evil.example/"}, 403),
            ({"Origin": "null", "Referer": "http://testserver/"}, 403),
            ({"Origin": "http://testserver:81"}, 403),
            ({"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"}, 403),
            ({"Referer": "http://testserver/jobs"}, 404),
            ({"Origin": "http://testserver"}, 404),
            ({"Sec-Fetch-Site": "same-origin"}, 404),
        ):
            answer = client.delete("/api/jobs/1", headers=cookie | headers)
            assert answer.status_code == status, headers


def test_no_secret_is_said_in_the_log_of_a_run(module_city: Settings) -> None:
    """A service in a process of its own, with wrong and right passwords and a key."""
    first = account(module_city, "logged")
    key = make_key(module_city, "viewer")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    running = subprocess.Popen(
        [*_python(), "-m", "gridwarden", "serve", "--no-worker"],
        env=environment(module_city) | {"GRIDWARDEN_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base)
        with httpx.Client(base_url=base, headers={"Origin": base, "Accept": "text/html"}) as client:
            token = re.search(r'name="form" value="(\w+)"', client.get("/login").text)
            assert token
            form = {"form": token[1], "name": "logged"}
            client.post("/login", data=form | {"password": "wrong-secret-word"})
            client.post("/login", data=form | {"password": "wrong-secret\x00word"})
            client.post("/login", data=form | {"password": first, "name": "lo\x00gged"})
            step = client.post("/login", data=form | {"password": first})
            assert step.status_code == 303
            client.post("/login/password", data={"password": OWN, "again": OWN})
            client.get("/api/whoami", headers=bearer(key))
            client.get("/api/whoami", headers=bearer(key + "x"))
            client.post("/api/permits/check", content=first, headers=bearer(key))
            secrets = [first, OWN, key, "wrong-secret", *client.cookies.values(), token[1]]
    finally:
        running.terminate()
        said = running.communicate(timeout=30)[0]
    assert not [one for one in secrets if one in said], said
    with owner(module_city) as c:
        kept = str(c.execute("select t::text from data.audit t").fetchall())
    assert not [one for one in secrets if one in kept]


def _python() -> list[str]:
    import sys

    return [sys.executable]


def _wait(base: str) -> None:
    import time

    for _ in range(300):
        try:
            if httpx.get(f"{base}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service did not start")
