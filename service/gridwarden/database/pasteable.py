"""A text that may go into a chat: without secrets, places, people's folders and the office's hosts.

What is told is written for it already; this is the net below, for what a server or a library says
in its own words.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from gridwarden.settings import Settings

SHORTEST: Final = 3
"""Letters of a name or password; one that is shorter would take ordinary words away."""
_SECRET: Final = re.compile(r"\bgw_[\w-]{8,}|(?<=://)(?!OWNER:PASSWORD@)[^\s/@]+@")
_PLACE: Final = re.compile(r"-?\b\d{1,8}\.\d{3,}")
_ADDRESS: Final = re.compile(r"(?<![\w.])(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_ADDRESS_6: Final = re.compile(r"(?<![\w:])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}(?![\w:])", re.I)


def pasteable(settings: Settings, text: str) -> str:
    """The text without them; a command with the state folder in it still runs."""
    for secret in _secrets(settings):
        text = text.replace(secret, "(secret)")
    home = re.escape(str(settings.home))
    text = re.sub(rf"'{home}([^']*)'", r'"$GRIDWARDEN_HOME\1"', text)
    text = text.replace(str(settings.home), "$GRIDWARDEN_HOME")
    if Path.home() != Path("/"):
        text = text.replace(str(Path.home()), "~")
    for name, word in _names(settings):
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", word, text, flags=re.I)
    text = _SECRET.sub("(secret)", text)
    for pattern, word in ((_ADDRESS, "(address)"), (_ADDRESS_6, "(address)"), (_PLACE, "(number)")):
        text = pattern.sub(word, text)
    return text


def _secrets(settings: Settings) -> Iterator[str]:
    """Whatever this installation keeps secret and a message could repeat."""
    if settings.metrics_token is not None:
        yield settings.metrics_token.get_secret_value()
    if settings.backup_passphrase is not None:
        yield settings.backup_passphrase.get_secret_value()
    for file in (settings.oidc_secret_file, settings.backup_passphrase_file):
        if file is not None:
            with suppress(OSError):
                yield file.read_text("utf-8", "replace").strip() or "\0"
    for url in _addresses(settings):
        password = _parts(url).get("password") or ""
        if len(password) >= SHORTEST:
            yield password
    try:
        files = [place for place in settings.secrets.iterdir() if place.is_file()]
        kept = [place.read_text("utf-8", "replace").strip() for place in files]
    except OSError:
        kept = []
    yield from (text for text in kept if len(text) >= 8)


def _names(settings: Settings) -> Iterator[tuple[str, str]]:
    """Hosts and people that settings hold, with the word in their place, the longest first; what is
    everybody's stays.
    """
    parts = [_parts(url) for url in _addresses(settings)]
    named = {one.get("user"): "(user)" for one in parts}
    named |= {one.get("host"): "(host)" for one in parts}
    named |= {socket.gethostname(): "(host)", settings.host: "(host)"}
    common = ("localhost", "127.0.0.1", "0.0.0.0", "::", "::1", "postgres")
    known = [
        (name, word)
        for name, word in named.items()
        if name and name not in common and len(name) >= SHORTEST
    ]
    yield from sorted(known, key=lambda one: len(one[0]), reverse=True)


def _addresses(settings: Settings) -> Iterator[str | None]:
    """What of the settings names a host."""
    yield from (settings.database_url, settings.syslog, settings.oidc_issuer, settings.public_url)
    yield settings.smtp.get_secret_value() if settings.smtp is not None else None


def _parts(url: str | None) -> dict[str, str | None]:
    try:
        parts = urlsplit(url or "")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return {"host": parts.hostname, "user": user, "password": password}
    except ValueError:
        return {}
