"""`gridwarden doctor --through URL`: what stands between the service and a browser.

The service is asked twice, from beside and by the address that offices type; what differs was done
on the way. Each finding names the line that mends it in nginx, which most offices have; all of them
stand in `docs/nginx.conf`.
"""

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

from cryptography import x509

from gridwarden.access.tls.making import CA_CERTIFICATE
from gridwarden.access.tls.watching import EARLY_DAYS
from gridwarden.database.doctor import Finding, own_service, throughs
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings
from gridwarden.watching.through_routes import EVENT_S, EVENTS, FILLER, HEADER, signed

WAIT_S: Final = 15.0
BOUND: Final = (
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cache-control",
    "content-language",
)
_BRAND: Final = re.compile(rb'class="brand" href="([^"]*)"')
_NONCE: Final = re.compile(r"'nonce-[^']*'")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its body, and how long it took from the first piece to the last (s)."""

    status: int
    headers: dict[str, list[str]]
    body: bytes
    lasted_s: float
    whole: bool

    def one(self, name: str) -> str:
        """A header's values as one, without the nonce that is another each time."""
        return _NONCE.sub("'nonce'", ", ".join(self.headers.get(name, [])))


@dataclass(frozen=True, slots=True)
class Way:
    """How the service is reached."""

    settings: Settings
    parts: SplitResult | None
    trusted: bool = True

    def ask(self, path: str) -> Answer:
        """Raises OSError or HTTPException where nobody answers as HTTP has it."""
        with closing(self._connection()) as connection:
            headers = {HEADER: signed(self.settings), "Accept": "text/html, */*;q=0.5"}
            connection.request("GET", self.prefix + path, headers=headers)
            return _read(connection.getresponse())

    @property
    def prefix(self) -> str:
        """The path that the address has, without a slash at its end."""
        return self.parts.path.rstrip("/") if self.parts else ""

    def days_left(self) -> int | None:
        """Days until the certificate of the address ends; None for plain http."""
        if self.parts is None or self.parts.scheme == "http":
            return None
        with closing(self._connection()) as connection:
            connection.connect()
            sent = cast(ssl.SSLSocket, connection.sock).getpeercert(binary_form=True) or b""
        ends = x509.load_der_x509_certificate(sent).not_valid_after_utc
        return (ends - datetime.now(UTC)).days

    def takes(self, size: int) -> bool:
        """Whether an upload of so many bytes may begin; it is announced and not sent."""
        with closing(self._connection()) as connection:
            connection.putrequest("POST", f"{self.prefix}/api/imports")
            connection.putheader("Content-Type", "multipart/form-data; boundary=none")
            connection.putheader("Content-Length", str(size))
            connection.putheader("Expect", "100-continue")
            connection.endheaders()
            first = connection.sock.recv(64)
        return b" 413 " not in first

    def _connection(self) -> HTTPConnection:
        if self.parts is None:
            own = own_service(self.settings)
            own.timeout = WAIT_S
            return own
        host, port = self.parts.hostname or "", self.parts.port
        if self.parts.scheme == "http":
            return HTTPConnection(host, port, timeout=WAIT_S)
        context = ssl.create_default_context()
        if not self.trusted:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif (self.settings.tls / CA_CERTIFICATE).exists():
            context.load_verify_locations(self.settings.tls / CA_CERTIFICATE)
        return HTTPSConnection(host, port, timeout=WAIT_S, context=context)


def _read(answer: HTTPResponse) -> Answer:
    headers: dict[str, list[str]] = {}
    for name, value in answer.getheaders():
        headers.setdefault(name.lower(), []).append(value)
    body, first, whole = b"", 0.0, True
    try:
        while piece := answer.read1(65_536):
            first = first or time.monotonic()
            body += piece
    except (OSError, HTTPException):
        whole = False
    return Answer(answer.status, headers, body, time.monotonic() - (first or 0), whole)


def look_through(settings: Settings, url: str) -> Iterator[Finding]:
    """What the way does to a request and its answer. Raises SetUpError for no address."""
    parts = _parts(settings, url)
    own = Way(settings, None)
    try:
        beside = own.ask("/login")
    except (OSError, HTTPException):
        yield _bad(settings, "service", "service")
        return
    way = Way(settings, parts)
    try:
        way.ask("/healthz")
        left = way.days_left()
    except ssl.SSLCertVerificationError:
        yield _bad(settings, "certificate", "distrust")
        way = Way(settings, parts, trusted=False)
    except socket.gaierror:
        yield _bad(settings, "answer", "unknown")
        return
    except (OSError, HTTPException) as error:
        yield _bad(settings, "answer", "silent", kind=type(error).__name__)
        return
    else:
        if left is not None and left < EARLY_DAYS:
            yield _bad(settings, "certificate", "ends", days=left)
        elif left is not None:
            yield Finding("certificate")
    yield from _compare(way, parts, beside)


def _bad(settings: Settings, what: str, key: str, **values: object) -> Finding:
    return Finding.of(what, trouble(settings, f"through_{key}", **values))


def _parts(settings: Settings, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        right = False
    if not right or parts.query or parts.fragment or parts.username or "//" in parts.path:
        raise trouble(settings, "through_address")
    return parts


def _compare(way: Way, parts: SplitResult, beside: Answer) -> Iterator[Finding]:
    settings = way.settings
    try:
        told, events, page = (
            way.ask(path) for path in ("/healthz/through", "/healthz/through/events", "/login")
        )
    except (OSError, HTTPException) as error:
        yield _bad(settings, "answer", "broke", kind=type(error).__name__)
        return
    echo = _echo(told)
    if told.status != 200:
        why = {"status": told.status, "header": HEADER, "port": settings.port}
        yield _bad(settings, "answer", "other", **why)
        return
    yield Finding("answer")
    yield _path(way, page)
    yield _body(settings, told, echo)
    yield _uploads(way)
    if echo is not None:
        yield _host(settings, echo, parts)
        yield _scheme(settings, echo, parts)
    yield _cookies(settings, page, parts)
    yield _frames(settings, page)
    yield _headers(settings, page, beside)
    yield _events(settings, events)


def _echo(answer: Answer) -> dict[str, Any] | None:
    """What the service saw; told at the start of a body that may be cut later."""
    head, _, _ = answer.body.partition(b',"filler"')
    try:
        found: dict[str, Any] = json.loads(head + b"}")
    except ValueError:
        return None
    return found if isinstance(found, dict) and "host" in found else None


def _path(way: Way, page: Answer) -> Finding:
    """Where the pages believe to lie."""
    found = _BRAND.search(page.body)
    here = found[1].decode("ascii", "replace") if found else "?"
    if here == f"{way.prefix}/":
        return Finding("path")
    return _bad(way.settings, "path", "path", there=f"{way.prefix}/", here=here)


def _body(settings: Settings, told: Answer, echo: dict[str, Any] | None) -> Finding:
    whole = f'"filler":"{FILLER}"}}'.encode()
    if told.whole and told.body.endswith(whole) and echo is not None:
        return Finding("whole bodies")
    got = len(told.body)
    return _bad(settings, "whole bodies", "cut", got=got, whole=len(FILLER))


def _uploads(way: Way) -> Finding:
    """A proxy's own limit is often far below what offices bring."""
    mb = way.settings.upload_mb
    with suppress(OSError, HTTPException):
        if not way.takes(mb * 2**20):
            return _bad(way.settings, "uploads", "upload", mb=mb, room=mb + 8)
    return Finding("uploads")


def _host(settings: Settings, echo: dict[str, Any], parts: SplitResult) -> Finding:
    if str(echo["host"]).lower() == parts.netloc.lower():
        return Finding("Host")
    return _bad(settings, "Host", "host")


def _scheme(settings: Settings, echo: dict[str, Any], parts: SplitResult) -> Finding:
    if echo["scheme"] == parts.scheme:
        return Finding("http or https")
    if parts.scheme == "http":
        return _bad(settings, "http or https", "says_https")
    return _bad(settings, "http or https", "disbelieved" if echo["says_proto"] else "untold")


def _cookies(settings: Settings, page: Answer, parts: SplitResult) -> Finding:
    cookies = [value.lower() for value in page.headers.get("set-cookie", [])]
    if not cookies:
        return _bad(settings, "cookies", "no_cookies")
    asked = ["httponly", "samesite"] + (["secure"] if parts.scheme == "https" else [])
    lacking = [flag for flag in asked if not all(flag in cookie for cookie in cookies)]
    if not lacking:
        return Finding("cookies")
    return _bad(settings, "cookies", "cookies", lacking=", ".join(lacking))


def _frames(settings: Settings, page: Answer) -> Finding:
    if "x-frame-options" not in page.headers:
        return Finding("frames")
    return _bad(settings, "frames", "frames")


def _headers(settings: Settings, page: Answer, beside: Answer) -> Finding:
    changed = [name for name in BOUND if page.one(name) != beside.one(name)]
    if not changed:
        return Finding("headers of pages")
    return _bad(settings, "headers of pages", "headers", changed=", ".join(changed))


def _events(settings: Settings, events: Answer) -> Finding:
    if events.body.count(b"\ndata: ") < EVENTS or not events.whole:
        return _bad(settings, "live events", "breaks")
    if events.lasted_s < EVENT_S:
        return _bad(settings, "live events", "held")
    return Finding("live events")


throughs.append(look_through)
