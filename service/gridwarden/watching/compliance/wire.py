"""What goes over the wire: https, and what a real answer of the service carries."""

import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from gridwarden.access.tls.making import CA_CERTIFICATE, held
from gridwarden.access.tls.watching import EARLY_DAYS
from gridwarden.database.doctor import own_service
from gridwarden.database.sentences import trouble
from gridwarden.watching.compliance.model import Asked, Seen, control, holds

WAIT_S: Final = 10.0
HEADERS: Final = (
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cache-control",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The headers of the sign-in page, as a browser is given them."""

    headers: dict[str, str]
    cookies: list[str]


@control("confidentiality", "V12")
def https(asked: Asked) -> Seen:
    """Offices arrive by https, and the certificate holds for a while."""
    found = held(asked.settings)
    if found is None:
        secure = urlsplit(asked.url).scheme == "https"
        if secure:
            login_page(asked)  # its certificate is verified on the way
        return holds(secure, days="–", names=urlsplit(asked.url).hostname if secure else "–")
    left = found.days_left()
    mend = "https_ends" if found.ca is not None else "https_own_ends"
    return holds(left >= EARLY_DAYS, mend, days=left, names=str(found.names))


@control("confidentiality", "V3", "V7")
def cookies(asked: Asked) -> Seen:
    """Cookies of a real answer: HttpOnly, SameSite, and Secure, which needs https."""
    seen = [cookie.lower() for cookie in login_page(asked).cookies]
    flags = [f for f in ("httponly", "samesite=", "secure") if seen and all(f in c for c in seen)]
    told = ", ".join(flag.rstrip("=") for flag in flags)
    return holds(len(flags) == 3, n=len(seen), flags=told or "–")


@control("intrusion", "V3")
def page_headers(asked: Asked) -> Seen:
    """A page carries the headers that bind a browser: no foreign script, no frame, no guessing."""
    headers = login_page(asked).headers
    policy = headers.get("content-security-policy", "")
    lacking = [name for name in HEADERS if name not in headers]
    bound = "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    right = not lacking and bound and "unsafe" not in policy
    return holds(right, sent=len(HEADERS) - len(lacking), of=len(HEADERS))


def login_page(asked: Asked) -> Answer:
    """A real request, by the address that was named, or to this machine's own service.

    Raises SetUpError where nobody answers.
    """
    parts = urlsplit(asked.url)
    try:
        connection = _connection(asked)
        try:
            connection.request("GET", "/login", headers={"Accept": "text/html"})
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
    except (OSError, HTTPException) as error:
        kind = type(error).__name__
        place = f"{parts.scheme}://{parts.netloc}"
        raise trouble(asked.settings, "silent_address", place=place, kind=kind) from None
    sent = answer.getheaders()
    cookies = [value for name, value in sent if name.lower() == "set-cookie"]
    return Answer({name.lower(): value for name, value in sent}, cookies)


def _connection(asked: Asked) -> HTTPConnection:
    if asked.url == asked.settings.own_url:
        return own_service(asked.settings)
    parts = urlsplit(asked.url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return HTTPConnection(host, parts.port, timeout=WAIT_S)
    context = ssl.create_default_context()
    ours = asked.settings.tls / CA_CERTIFICATE
    if ours.exists():
        context.load_verify_locations(ours)
    return HTTPSConnection(host, parts.port, timeout=WAIT_S, context=context)
