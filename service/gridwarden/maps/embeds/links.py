"""The links of embeds: 128 random bits and an end, signed; and the sites that may frame them.

A link names no place, no measure and no cells: those stand in the row that its hash finds, so
nothing in it can be widened. What is wrong with a link is not told.
"""

import base64
import hashlib
import hmac
import re
import secrets
import struct
import time
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gridwarden.database.passwords import make_password
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

KEY: Final = "embed_links"
"""The file in HOME/secrets whose text signs."""
MOST_SITES: Final = 20
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{32}\.[A-Za-z0-9_-]{43}")
_HOST: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_PORTS: Final = {"http": 80, "https": 443}


def signed(settings: Settings, ends: datetime) -> str:
    """A new link's token, which holds until `ends` unless it is revoked before."""
    payload = struct.pack(">16sQ", secrets.token_bytes(16), int(ends.timestamp()))
    text = _text(payload)
    return f"{text}.{_signature(_key(settings.secrets), text)}"


def hash_of(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def holds(settings: Settings, token: str) -> bool:
    """Whether we signed this very text, and its end is still to come."""
    text, _, signature = token.partition(".")
    expected = _signature(_key(settings.secrets), text)
    same = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))
    if not same or not _FORM.fullmatch(token):
        return False
    _, ends = struct.unpack(">16sQ", base64.urlsafe_b64decode(text))
    return bool(ends > time.time())


def origins(sites: list[str]) -> tuple[str, ...]:
    """The sites as origins for `frame-ancestors`, each once, in order.

    Raises Problem `invalid_value` for anything but http(s)://host[:port]: no path, no wildcard,
    nothing that could end the directive.
    """
    if len(sites) > MOST_SITES:
        raise Problem("invalid_value", "embeds.too_many_sites", field="sites", most=MOST_SITES)
    return tuple(dict.fromkeys(_origin(site) for site in sites))


def _origin(site: str) -> str:
    try:
        parts = urlsplit(site.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port
    except (UnicodeError, ValueError):
        host, port, parts = "", None, urlsplit("")
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username, parts.password)
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host) or any(rest):
        raise Problem("invalid_value", "embeds.bad_site", field="sites", site=site[:100])
    shown = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def _signature(key: bytes, text: str) -> str:
    said = b"gridwarden embed 1 " + text.encode("utf-8", "surrogateescape")
    return _text(hmac.new(key, said, hashlib.sha256).digest())


@cache
def _key(folder: Path) -> bytes:
    return make_password(Settings(home=folder.parent), KEY).encode("ascii")
