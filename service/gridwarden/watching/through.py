"""`gridwarden doctor --through URL`: what stands between the service and a browser.

The service is asked twice, from beside and by the address that offices type; what differs was done
on the way. Each finding names the line that mends it in nginx, which most offices have.
"""

import json
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from gridwarden.access.tls.making import CA_CERTIFICATE
from gridwarden.database.doctor import Finding, own_service, throughs
from gridwarden.database.trouble import SetUpError
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
            connection.request("GET", path, headers=headers)
            return _read(connection.getresponse())

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
    parts = _parts(url)
    own = Way(settings, None)
    try:
        beside = own.ask("/login")
    except (OSError, HTTPException):
        yield Finding("service", "The service does not answer on this machine: gridwarden serve.")
        return
    way = Way(settings, parts)
    try:
        way.ask("/healthz")
    except ssl.SSLCertVerificationError:
        yield Finding(
            "certificate",
            "This machine does not trust the certificate of that address; office PCs may not,"
            " either: `gridwarden tls show` names ours, /tls says how a PC takes it.",
        )
        way = Way(settings, parts, trusted=False)
    except (OSError, HTTPException) as error:
        kind = type(error).__name__
        yield Finding("answer", f"That address does not answer ({kind}): does the proxy run?")
        return
    else:
        if parts.scheme == "https":
            yield Finding("certificate")
    yield from _compare(way, parts, beside)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        right = False
    if not right or parts.path not in ("", "/") or parts.username:
        raise SetUpError(
            "--through is the address that offices type, such as https://map.office.example:"
            " http or https, a host, perhaps a port, and no more."
        )
    return parts


def _compare(way: Way, parts: SplitResult, beside: Answer) -> Iterator[Finding]:
    try:
        told, events, page = (
            way.ask(path) for path in ("/healthz/through", "/healthz/through/events", "/login")
        )
    except (OSError, HTTPException) as error:
        yield Finding("answer", f"That address broke off in between ({type(error).__name__}).")
        return
    echo = _echo(told)
    if told.status != 200:
        yield Finding(
            "answer",
            f"That address answers {told.status} to our own question: it leads to another service,"
            f" to another installation, or the proxy drops the header {HEADER}.",
        )
        return
    yield Finding("answer")
    yield _body(told, echo)
    if echo is not None:
        yield _host(echo, parts)
        yield _scheme(echo, parts)
    yield _cookies(page, parts)
    yield _frames(page)
    yield _headers(page, beside)
    yield _events(events)


def _echo(answer: Answer) -> dict[str, Any] | None:
    """What the service saw; told at the start of a body that may be cut later."""
    head, _, _ = answer.body.partition(b',"filler"')
    try:
        found: dict[str, Any] = json.loads(head + b"}")
    except ValueError:
        return None
    return found if isinstance(found, dict) and "host" in found else None


def _body(told: Answer, echo: dict[str, Any] | None) -> Finding:
    whole = f'"filler":"{FILLER}"}}'.encode()
    if told.whole and told.body.endswith(whole) and echo is not None:
        return Finding("whole bodies")
    return Finding(
        "whole bodies",
        f"A long answer arrives cut or changed ({len(told.body)} bytes of about {len(FILLER)}):"
        " raise the proxy's limits and the room of its temporary files (proxy_max_temp_file_size,"
        " and the disk under proxy_temp_path), and switch off whatever rewrites answers.",
    )


def _host(echo: dict[str, Any], parts: SplitResult) -> Finding:
    if str(echo["host"]).lower() == parts.netloc.lower():
        return Finding("Host")
    return Finding(
        "Host",
        "The proxy sends another Host than the browser typed, so signing in is refused as if from"
        " another site, and links are wrong: proxy_set_header Host $http_host;",
    )


def _scheme(echo: dict[str, Any], parts: SplitResult) -> Finding:
    if echo["scheme"] == parts.scheme:
        return Finding("http or https")
    if parts.scheme == "http":
        mend = "The proxy says https of a request that came by http, so cookies get lost:"
    elif echo["says_proto"]:
        return Finding(
            "http or https",
            "The proxy says https, and the service does not believe it: set"
            " GRIDWARDEN_TRUSTED_PROXIES to the proxy's own address, then start the service again.",
        )
    else:
        mend = "The service is not told that the browser came by https, so no cookie is Secure:"
    return Finding("http or https", f"{mend} proxy_set_header X-Forwarded-Proto $scheme;")


def _cookies(page: Answer, parts: SplitResult) -> Finding:
    cookies = [value.lower() for value in page.headers.get("set-cookie", [])]
    if not cookies:
        return Finding("cookies", "The proxy drops cookies: leave Set-Cookie alone.")
    asked = ["httponly", "samesite"] + (["secure"] if parts.scheme == "https" else [])
    lacking = [flag for flag in asked if not all(flag in cookie for cookie in cookies)]
    if not lacking:
        return Finding("cookies")
    return Finding(
        "cookies",
        f"Cookies arrive without {', '.join(lacking)}: mend what is said of http or https, and"
        " leave Set-Cookie alone (proxy_cookie_flags, proxy_cookie_path).",
    )


def _frames(page: Answer) -> Finding:
    if "x-frame-options" not in page.headers:
        return Finding("frames")
    return Finding(
        "frames",
        "The proxy adds X-Frame-Options, so embeds stay empty in other pages: take its add_header"
        " away, or write proxy_hide_header X-Frame-Options; the service says by"
        " Content-Security-Policy who may frame what.",
    )


def _headers(page: Answer, beside: Answer) -> Finding:
    changed = [name for name in BOUND if page.one(name) != beside.one(name)]
    if not changed:
        return Finding("headers of pages")
    return Finding(
        "headers of pages",
        f"The proxy drops, doubles or changes {', '.join(changed)}: leave them as the service sends"
        " them (proxy_pass_header, no add_header and proxy_hide_header of these names).",
    )


def _events(events: Answer) -> Finding:
    if events.body.count(b"\ndata: ") < EVENTS or not events.whole:
        mend = "A feed of events breaks off: raise proxy_read_timeout, and leave its answer alone."
    elif events.lasted_s < EVENT_S:
        mend = "A feed of events is held back until it ends, so pages hear late of what happened:"
        mend += " proxy_buffering off; for /api/events."
    else:
        return Finding("live events")
    return Finding("live events", mend)


throughs.append(look_through)
