"""Passwords: Argon2id, at most so many at once, and which new ones are refused.

Length and guessability (`database/guessable.py`) decide, not the kinds of characters: what rules of
composition ask for is what people write at the end of a common word.
"""

import unicodedata
from functools import cache
from typing import Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from gridwarden.database.guessable import is_common
from gridwarden.words.problems import Problem

LONGEST: Final = 128
AT_ONCE: Final = 2
"""Each takes 64 MB and a processor for a moment; what waits longer does not starve the rest."""
_HASHER: Final = PasswordHash((Argon2Hasher(),))


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
