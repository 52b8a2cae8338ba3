"""Behind Debian's nginx, by the configuration that docs/nginx.conf ships: https, a path of the
host, feeds that are not held back, large files, and maps in other people's pages.
"""

import io
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser

from acceptance.embedding import told
from access.own_and_foreign import World, city_of
from commands import run_command
from conftest import bearer, free_port, make_key, served
from gridwarden.access.matrix import Operation, operations
from gridwarden.app import create_app
from gridwarden.settings import Settings
from gridwarden.watching.through import look_through
from maps.conftest import assets, planted
from nginx import Office, nginx

__all__ = ["assets", "planted", "told"]
PREFIX = "/gridwarden"
TRUSTED = {"trusted_proxies": ("127.0.0.1/32",), "language": "en", "feed_seconds": 20.0}
PLACES = re.compile(r'\b(?:href|src|action|formaction)="([^"#][^"]*)"')
ENDLESS = ("/feed", "/events", "/healthz/through")
OF_ROUTES = ("/docs/access.json", "/openapi.json")
"""Name routes, and lead to none."""
MADE_UP = {
    f"{PREFIX}/api/{place}"
    for place in ("findings/N/picture.svg", "imports/N/changes.svg", "imports/N/rejects/file")
}
"""What the world's things lack, which are rows alone."""


class Behind(NamedTuple):
    """The service as it knows itself, and as an office reaches it."""

    settings: Settings
    office: Office

    def asking(self, **headers: str) -> httpx.Client:
        """A client of the office's."""
        context = ssl.create_default_context(cafile=self.office.authority)
        host = self.office.url.removesuffix(PREFIX)
        return httpx.Client(base_url=host, headers=headers, verify=context, timeout=60)


@pytest.fixture(scope="module")
def behind(module_city: Settings, assets: Path) -> Iterator[Behind]:
    port = free_port()
    known = TRUSTED | {"public_url": f"https://127.0.0.1:{port}{PREFIX}"}
    settings = module_city.model_copy(update=known)
    with served(settings, proxy_headers=False) as own, nginx(own, f"{PREFIX}/", port) as office:
        yield Behind(settings.model_copy(update={"port": urlsplit(own).port}), office)


@pytest.fixture
def trusting(behind: Behind) -> Iterator[None]:
    """This machine trusts the proxy's authority."""
    with _trusted(behind.settings, behind.office):
        yield


class _trusted:  # noqa: N801
    def __init__(self, settings: Settings, office: Office) -> None:
        self.file, self.text = settings.tls / "ca.crt", office.authority.read_bytes()

    def __enter__(self) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_bytes(self.text)

    def __exit__(self, *_: object) -> None:
        self.file.unlink()


def bad(settings: Settings, office: Office) -> dict[str, str]:
    with _trusted(settings, office):
        return {f.what: f.told for f in look_through(settings, office.url) if not f.good}


def test_the_shipped_configuration_leaves_nothing_to_mend(
    behind: Behind, module_city: Settings
) -> None:
    assert bad(*behind) == {}
    led = httpx.get(f"{behind.office.plain}{PREFIX}/hazards?x=1", headers={"Host": "map.example"})
    assert (led.status_code, led.headers["location"]) == (
        301,
        f"https://map.example{PREFIX}/hazards?x=1",
    )
    whole = module_city.model_copy(update=TRUSTED)
    with served(whole, proxy_headers=False) as own, nginx(own, "/", free_port()) as office:
        assert bad(whole.model_copy(update={"port": urlsplit(own).port}), office) == {}


FAULTS = {
    "frames": (
        "    ssl_protocols",
        "    add_header X-Frame-Options SAMEORIGIN;\n    ssl_protocols",
    ),
    "live events": (
        "proxy_request_buffering off;",
        "proxy_request_buffering off; proxy_ignore_headers X-Accel-Buffering;",
    ),
    "uploads": ("client_max_body_size 520m;", ""),
    "Host": ("proxy_set_header Host $http_host;", ""),
    "http or https": ("proxy_set_header X-Forwarded-Proto $scheme;", ""),
    "headers of pages": (
        "proxy_http_version",
        "proxy_hide_header Referrer-Policy; proxy_http_version",
    ),
    "path": (
        f"location {PREFIX}/ {{\n        proxy_pass",
        "location /map/ {\n        rewrite ^/map(/.*)$ $1 break;\n        proxy_pass",
    ),
}
MENDS = {
    "frames": "proxy_hide_header X-Frame-Options",
    "live events": "proxy_buffering off;",
    "uploads": "client_max_body_size 520m;",
    "Host": "proxy_set_header Host $http_host;",
    "http or https": "X-Forwarded-Proto $scheme;",
    "headers of pages": "referrer-policy",
    "path": "GRIDWARDEN_PUBLIC_URL",
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_proxy_that_was_set_up_otherwise_is_found(behind: Behind, what: str) -> None:
    old, new = FAULTS[what]
    with nginx(behind.settings.own_url, f"{PREFIX}/", free_port(), {old: new}) as office:
        if what == "path":
            office = Office(office.url.replace(PREFIX, "/map"), "", office.folder, office.authority)
        found = bad(behind.settings, office)
    assert MENDS[what] in found[what], found
    assert set(found) <= {what, "cookies"}


def test_a_certificate_of_the_proxy_s_that_ends_is_found(behind: Behind) -> None:
    for days, words in ((5, "ends in 4 days"), (-1, "does not trust")):
        with nginx(behind.settings.own_url, f"{PREFIX}/", free_port(), days=days) as office:
            assert words in bad(behind.settings, office)["certificate"]


@pytest.fixture(scope="module")
def world(module_city: Settings) -> World:
    return city_of(module_city)


def asked(world: World, one: Operation) -> Iterator[tuple[str, dict[str, str]]]:
    """What is asked of an operation: by the first role that has something there, or by nobody."""
    roles = one.roles or (None,)
    for role in roles:
        named = one.path.replace("{layer}", "charging_sheds") if one.whose is None else one.path
        if one.whose is not None and role is not None and one.whose.foreign:
            thing = world.named(one.whose.kind, role, foreign=False)
            if thing is None:
                continue
            for part in thing.split("/"):
                named = re.sub(r"{[^}]+}", part, named, count=1)
        if "{" not in named:
            yield named, world.key(role) if role else {}
            return


def places(answer: httpx.Response) -> Iterator[str]:
    """Every place of a host that an answer names."""
    media = answer.headers.get("content-type", "")
    if "location" in answer.headers:
        yield answer.headers["location"]
    if "html" in media:
        yield from (unescape(place) for place in PLACES.findall(answer.text))
        for data in re.findall(
            r'(?s)<script type="application/json"[^>]*>(.*?)</script>', answer.text
        ):
            yield from strings(json.loads(data))
    elif "json" in media and "openapi" not in media:
        yield from strings(answer.json())


def strings(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for one in value.values():
                yield from strings(one)
        case list():
            for one in value:
                yield from strings(one)
        case str() if value.startswith(("/", "http")) and " " not in value:
            yield value


def ours(place: str, office: Office) -> str | None:
    """The path of a place of this service's host; None for pictures in the page and other hosts."""
    parts = urlsplit(place)
    if parts.netloc and parts.netloc != urlsplit(office.url).netloc:
        return None
    return place if parts.path.startswith("/") or parts.netloc else None


def test_every_place_that_is_named_lies_under_the_path_and_is_there(
    behind: Behind, world: World
) -> None:
    """Every page and answer, read by who may; and a link of each kind on it followed by the same.

    The world's things are rows alone, which some pages cannot tell in words.
    """
    followed: set[str] = set()
    missing: set[str] = set()
    outside: set[tuple[str, str]] = set()
    with behind.asking() as client:
        for one in operations(create_app(behind.settings)):
            if one.method != "GET" or one.path.endswith((*ENDLESS, *OF_ROUTES)):
                continue
            for path, headers in asked(world, one):
                accept = "application/json" if path.startswith(("/api/", "/ogc")) else "text/html"
                answer = client.get(PREFIX + path, headers=headers | {"Accept": accept})
                assert answer.status_code < 500, (path, answer.text)
                for place in {p for p in places(answer) if ours(p, behind.office)}:
                    there = urlsplit(place).path
                    if not there.startswith(f"{PREFIX}/"):
                        outside.add((one.path, place))
                    elif (kind := re.sub(r"\d+", "N", there)) not in followed and answer.is_success:
                        followed.add(kind)
                        found = client.get(place, headers=headers)
                        assert found.status_code not in (502, 504), (path, place)
                        if found.status_code == 404:
                            missing.add(kind)
    assert len(followed) > 60, followed
    assert outside == set()
    assert missing <= MADE_UP
    described = client_json(behind, "/ogc/api")
    assert described["servers"] == [{"url": PREFIX}]


def test_pages_of_errors_lie_under_the_path(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong: ours, the caller's, or no such place."""

    def broken(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("gridwarden.hazards.board.pages.definitions_of", broken)
    key = bearer(make_key(behind.settings, "supervisor"))
    with behind.asking(Accept="text/html") as client:
        for path, status, headers in (
            ("/hazards/board", 500, key),
            ("/no/such/place", 404, key),
            ("/findings/999999", 404, key),
            ("/findings?limit=many", 400, key),
        ):
            answer = client.get(PREFIX + path, headers=headers)
            assert answer.status_code == status, (path, answer.text)
            assert answer.headers["x-request-id"]
            named = [place for place in places(answer) if ours(place, behind.office)]
            assert len(named) > 3 and all(one.startswith(f"{PREFIX}/") for one in named), named
            styles = re.findall(r'href="([^"]+\.css[^"]*)"', answer.text)
            assert styles and client.get(styles[0]).status_code == 200


def client_json(behind: Behind, path: str) -> dict[str, Any]:
    with behind.asking() as client:
        found: dict[str, Any] = client.get(PREFIX + path).json()
        return found


def test_events_come_at_once_and_large_files_arrive(behind: Behind, world: World) -> None:
    key = world.key("supervisor")
    with behind.asking(**key) as client:
        begun = time.monotonic()
        with client.stream("GET", f"{PREFIX}/api/events/feed") as feed:
            first = next(feed.iter_text())
            assert first.startswith("retry:")
            assert time.monotonic() - begun < behind.settings.feed_seconds / 2
        line = b'"a name of some length, and nothing else in this row","30.9","114.1"\n'
        text = io.BytesIO(b"name,lat,lon\n" + line * (100 * 2**20 // len(line) + 1))
        sent = client.post(
            f"{PREFIX}/api/imports",
            data={"layer": "charging_sheds", "dataset": "large"},
            files={"file": ("sheds.csv", text, "text/csv")},
        )
        assert sent.status_code == 202, sent.text
        assert sent.headers["location"].startswith(f"{PREFIX}/api/imports/")
        state = client.get(sent.json()["url"]).json()
        assert state["id"] == sent.json()["id"]
    assert behind.office.logged.count("/api/imports") >= 2


def test_people_sign_in_by_a_link_and_stay_under_the_path(
    behind: Behind, told: object, chromium: Browser
) -> None:
    done = run_command(
        behind.settings, "login-link", "planner", GRIDWARDEN_PUBLIC_URL=behind.office.url
    )
    link = done.stdout.strip().splitlines()[-1]
    assert link.startswith(f"{behind.office.url}/login?link=")
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    complaints: list[str] = []
    context.on("response", lambda r: complaints.append(r.url) if r.status >= 400 else None)
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(link)
    page.locator("main form button").first.click()
    assert page.url == f"{behind.office.url}/"
    kept = {one["name"]: one["path"] for one in context.cookies()}
    assert kept.pop("__Secure-gridwarden_session") == f"{PREFIX}/"
    assert set(kept.values()) == {f"{PREFIX}/"}
    for name in ("/maps/heat", "/findings", "/rules", "/hazards"):
        page.goto(behind.office.url + name)
        if name == "/maps/heat":
            page.wait_for_selector("html[data-map=drawn]")
    page.goto(f"{behind.office.url}/?lang=zh")
    page.locator("form[action$='/logout'] button").click()
    assert urlsplit(page.url).path == f"{PREFIX}/login"
    assert complaints == []
    context.close()
    assert "link=" not in behind.office.logged


def test_a_map_is_framed_by_the_site_that_it_is_for(
    behind: Behind, world: World, told: object, chromium: Browser
) -> None:
    frame = ""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<h1>Somebody</h1>{frame}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    there = f"http://localhost:{site.server_address[1]}"
    key = bearer(make_key(behind.settings, "planner", all_districts=True))
    with behind.asking(**key) as client:
        made = client.post(f"{PREFIX}/api/embeds", json={"language": "en", "sites": [there]}).json()
    frame = made["html"]
    assert made["url"].startswith(f"{behind.office.url}/maps/embed/")
    context = chromium.new_context(ignore_https_errors=True)
    try:
        page = context.new_page()
        page.goto(there)
        page.frames[1].wait_for_selector("html[data-map=drawn]")
        assert page.frames[1].locator(".leaflet-interactive").count() > 5
        assert context.cookies() == []
    finally:
        context.close()
        site.shutdown()
        site.server_close()
