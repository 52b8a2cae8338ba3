"""Passwords that people have chosen for this installation's settings, and that others would try."""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from gridwarden.database.addresses import owner_parts
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings
from gridwarden.words import say

SHORTEST: Final = 10
FEWEST: Final = 6
"""Different characters."""
TRIED: Final = frozenset({
    *("password", "passwd", "postgres", "postgresql", "postgis", "admin", "administrator", "root"),
    *("gridwarden", "changeme", "secret", "default", "welcome", "letmein", "qwerty", "test"),
    *("qwertyuiop", "iloveyou", "woaini", "mima", "gongan", "chengshi", "anquan", "ranqi", "user"),
    *("demo", "sample", "example", "office", "city", "map", "maps", "gis"),
    *("owner", "database", "server", "metrics", "token", "backup", "passphrase", "abc", "abcdef"),
})  # fmt: skip
"""What is tried first, without the digits and signs that people put around it."""


def check_passwords(settings: Settings) -> None:
    """Raises SetUpError that names the setting whose password can be guessed; never that."""
    for setting, secret, own in _chosen(settings):
        if guessable(secret, *own):
            where = say(f"doctor.guessable_where.{setting}", settings.language)
            raise trouble(settings, "guessable", setting=setting, where=where)


def guessable(secret: str, *own: str) -> bool:
    """Whether a password is short, of few characters, a row of keys, or a word that stands beside
    it (`own`) or in every list, with digits and signs around it or without.
    """
    plain = secret.lower()
    if len(secret) < SHORTEST or len(set(plain)) < FEWEST or _is_row(plain):
        return True
    words = {word.lower() for word in own if len(word) > 2} | TRIED
    if plain in words:
        return True
    plain = re.sub(r"(?<=[a-z])0(?=[a-z])", "o", plain).replace("@", "a").replace("$", "s")
    return all(part in words for part in re.findall(r"[^\W\d_]+", plain))


def _is_row(text: str) -> bool:
    """`0123456789`, `abcdefghij`, `9876543210`."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps in ({1}, {-1}, {1, -9}, {-1, 9})


def _chosen(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Setting, its password, and what stands beside it."""
    if settings.database_url is not None:
        parts = owner_parts(settings)
        if secret := parts.get("password"):
            own = (parts["user"], parts["dbname"], parts.get("host", ""))
            yield "GRIDWARDEN_DATABASE_URL", secret, own
    if settings.metrics_token is not None:
        yield "GRIDWARDEN_METRICS_TOKEN", settings.metrics_token.get_secret_value(), ()
    if settings.backup_passphrase is not None:
        yield "GRIDWARDEN_BACKUP_PASSPHRASE", settings.backup_passphrase.get_secret_value(), ()
    elif settings.backup_passphrase_file is not None:
        with suppress(OSError):
            text = settings.backup_passphrase_file.read_text("utf-8", "replace").strip()
            yield "GRIDWARDEN_BACKUP_PASSPHRASE", text, ()
    if settings.smtp is not None:
        mail = urlsplit(settings.smtp.get_secret_value())
        if mail.password:
            yield "GRIDWARDEN_SMTP", mail.password, (mail.username or "", mail.hostname or "")
    if settings.oidc_secret_file is not None:
        with suppress(OSError):
            text = settings.oidc_secret_file.read_text("utf-8", "replace").strip()
            yield "GRIDWARDEN_OIDC_SECRET_FILE", text, (settings.oidc_client_id or "",)
