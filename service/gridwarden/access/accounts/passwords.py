"""Passwords: Argon2id, at most so many at once, and what is too easy to guess.

Length and guessability decide, not the kinds of characters: what rules of composition ask for is
what people write at the end of a common word, and that is refused here.
"""

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from gridwarden.words.problems import Problem

LONGEST: Final = 128
OWN_PART: Final = 5
"""Letters and digits that must be left beside common words, years and runs."""
FEWEST_DIFFERENT: Final = 4
AT_ONCE: Final = 2
"""Each takes 64 MB and a processor for a moment; what waits longer does not starve the rest."""
_HASHER: Final = PasswordHash((Argon2Hasher(),))
_LEET: Final = str.maketrans("013457$@!8", "oieastsaib")
_RUNS: Final = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890")


@cache
def _limiter() -> CapacityLimiter:
    return CapacityLimiter(AT_ONCE)


@cache
def _nobody() -> str:
    """The hash that a name nobody has is tried against, so that it takes the same time."""
    return _HASHER.hash("nobody has this password")


def as_typed(password: str) -> str:
    """The password in one spelling: an input method may write the same letters in two ways."""
    return unicodedata.normalize("NFKC", password)


async def hash_password(password: str) -> str:
    """Argon2id with a salt of its own."""
    return await run_sync(_hash, as_typed(password), limiter=_limiter())


async def is_right(password: str, kept: str | None) -> bool:
    """Whether this is the password; takes as long where there is none to compare with."""
    right = await run_sync(_verify, as_typed(password)[:LONGEST], kept, limiter=_limiter())
    return right and kept is not None


def _hash(password: str) -> str:
    return _HASHER.hash(password)


def _verify(password: str, kept: str | None) -> bool:
    return _HASHER.verify(password.encode("utf-8", "replace"), kept or _nobody())


async def demand_new(
    password: str, *, fewest: int, about: tuple[str, ...], former: list[str]
) -> str:
    """The hash of a new password. Raises Problem `invalid_value` for one that is too short, easy to
    guess, made of the account's own names (`about`), or one of the `former` hashes.
    """
    typed = as_typed(password)
    if len(typed) < fewest:
        raise Problem("invalid_value", "accounts.password.short", field="password", fewest=fewest)
    if len(typed) > LONGEST:
        raise Problem("invalid_value", "accounts.password.long", field="password", most=LONGEST)
    if not typed.isprintable():
        raise Problem("invalid_value", "accounts.password.letters", field="password")
    if is_common(typed, about):
        raise Problem("invalid_value", "accounts.password.common", field="password")
    for kept in former:
        if await is_right(typed, kept):
            raise Problem("invalid_value", "accounts.password.former", field="password")
    return await hash_password(typed)


def is_common(password: str, about: tuple[str, ...] = ()) -> bool:
    """Whether a guesser's first thousands hold it: common words and the account's own names with
    years, runs of the keyboard and signs around them, letters written as digits, repetitions.
    """
    text = "".join(letter for letter in password.casefold() if letter.isalnum() or letter in "@$!")
    own = _own_part(text, _words() | _names(about))
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
    text = (files("gridwarden.access.accounts") / "common.toml").read_text("utf-8")
    return frozenset(word for word in tomllib.loads(text)["words"] if len(word) > 2)


@cache
def _steps() -> frozenset[str]:
    """Pairs of letters that stand beside each other in the alphabet or on the keyboard."""
    along = {run[i : i + 2] for run in _RUNS for i in range(len(run) - 1)}
    return frozenset(along | {pair[::-1] for pair in along})
