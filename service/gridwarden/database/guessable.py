"""What is too easy to guess: passwords of people (`access/accounts`), and those in the settings."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

from gridwarden.database.addresses import owner_parts
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings
from gridwarden.words import say

SHORTEST: Final = 10
"""Characters of a secret in the settings; of a person's, `password_length`."""
OWN_PART: Final = 5
"""Letters and digits that must be left beside common words, years, runs and what is repeated."""
FEWEST_DIFFERENT: Final = 4
_LEET: Final = str.maketrans("013457$@!8", "oieastsaib")
_RUNS: Final = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890")


def check_passwords(settings: Settings) -> None:
    """Raises SetUpError that names the setting whose password can be guessed; never that."""
    for setting, secret, own in _chosen(settings):
        if is_guessable(secret, own):
            where = say(f"doctor.guessable_where.{setting}", settings.language)
            raise trouble(settings, "guessable", setting=setting, where=where)


def is_guessable(secret: str, own: tuple[str, ...] = ()) -> bool:
    """Whether a secret of the settings is short, or common beside what stands with it (`own`)."""
    return len(secret) < SHORTEST or is_common(secret, own)


def is_common(password: str, about: tuple[str, ...] = ()) -> bool:
    """Whether a guesser's first thousands hold it: common words and the account's own names with
    years, runs of the keyboard and signs around them, letters written as digits, repetitions.
    """
    text = "".join(letter for letter in password.casefold() if letter.isalnum() or letter in "@$!")
    own = re.sub(r"^(.+?)\1+$", r"\1", _own_part(text, _words() | _names(about)))
    return len(own) < OWN_PART or len(set(own)) < FEWEST_DIFFERENT


def _own_part(text: str, words: frozenset[str]) -> str:
    """What is left when every common word, year and run is taken out."""
    plain, covered = text.translate(_LEET), [not letter.isalnum() for letter in text]
    for word in words:
        for looked_at in (text, plain):
            start = looked_at.find(word)
            while start >= 0:
                covered[start : start + len(word)] = [True] * len(word)
                start = looked_at.find(word, start + 1)
    for year in re.finditer(r"(19|20)\d\d", text):
        covered[year.start() : year.end()] = [True] * 4
    for i in range(len(text) - 2):
        if all(text[j : j + 2] in _steps() or text[j] == text[j + 1] for j in (i, i + 1)):
            covered[i : i + 3] = [True] * 3
    return "".join(letter for letter, gone in zip(text, covered, strict=True) if not gone)


def _names(about: tuple[str, ...]) -> frozenset[str]:
    parts = (part.casefold() for name in about for part in re.split(r"[\W_]+", name))
    return frozenset(part for part in parts if len(part) > 2 or (part and not part.isascii()))


@cache
def _words() -> frozenset[str]:
    text = (files("gridwarden.database") / "guessable.toml").read_text("utf-8")
    return frozenset(word for word in tomllib.loads(text)["words"] if len(word) > 2)


@cache
def _steps() -> frozenset[str]:
    """Pairs of letters that stand beside each other in the alphabet or on the keyboard."""
    along = {run[i : i + 2] for run in _RUNS for i in range(len(run) - 1)}
    return frozenset(along | {pair[::-1] for pair in along})


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
