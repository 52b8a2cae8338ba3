"""Signing in: a password, then what else the account needs, then a session.

Every function here takes the secret that the browser holds (a step or a session) and runs as the
bare web login, which may execute these functions and read nothing.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import psycopg
from psycopg.rows import dict_row

from gridwarden.access.accounts import factor, passwords
from gridwarden.access.accounts.people import Wanted
from gridwarden.access.credentials import Browser, hash_of, new_secret
from gridwarden.database import Pool, queries
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.access.accounts", "signing_in.sql")
STEP: Final = timedelta(minutes=15)
BY_PROVIDER: Final = "oidc"
BY_PROVIDER_TWICE: Final = "oidc_mfa"
"""What a sign-in has shown, by word of the office's provider: who it is; and a second factor."""
Holds = Literal["session", "step"]
Next = Literal["factor", "password", "enrol"]
FREE_TRIES: Final = 10
"""So many failures of an address in a row are answered without delay."""
LONGEST_WAIT_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sign-in comes from; `device` is a browser that signed in to an account before."""

    address: str
    device: str | None = None
    device_account: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its own sign-in sees it."""

    id: int
    name: str
    full_name: str
    role: str
    totp: str | None
    totp_at: datetime | None
    codes_left: int
    password_hash: str | None
    password_at: datetime | None
    must_change: bool
    former: tuple[str, ...]
    passed: tuple[str, ...]

    def next_of(self, settings: Settings) -> Next | None:
        """What is asked next before this account is in; None when it may go in."""
        twice = "factor" in self.passed or BY_PROVIDER_TWICE in self.passed
        if self.totp is not None and not twice:
            return "factor"
        if "password" in self.passed and self.has_old_password(settings):
            return "password"
        if self.totp is None and not twice and self.role in settings.factor_roles:
            return "enrol"
        return None

    def has_old_password(self, settings: Settings) -> bool:
        """Whether the password was given by somebody else, or is older than the office allows."""
        if self.must_change or self.password_at is None:
            return True
        age = datetime.now(UTC) - self.password_at
        return bool(settings.password_days) and age > timedelta(days=settings.password_days)


async def try_password(
    pool: Pool, settings: Settings, name: str, password: str, place: Place
) -> str:
    """The secret of a step, for the right name and password.

    Raises Problem `not_signed_in`, in the same words and after the same work, for a name that
    nobody has, a wrong password, an account that is locked or disabled; `too_many_requests` where
    too much came from this address.
    """
    begun = await _begin(pool, settings, name, place)
    if not begun["near"]:
        raise _closed(settings, "accounts.address_closed")
    right = await passwords.is_right(password, begun["hash"])
    if not (right and begun["open"]):
        await _one(pool, "failed", account=begun["account"], address=place.address)
        over = (begun["tries_here"] or 0) - FREE_TRIES
        if over > 0:
            await asyncio.sleep(min(0.25 * 2**over, LONGEST_WAIT_S))
        tries, minutes = settings.lock_tries, settings.lock_minutes
        raise Problem(
            "not_signed_in", "accounts.wrong", field="password", tries=tries, minutes=minutes
        )
    return await step_of(pool, begun["account"], "password", place)


def _closed(settings: Settings, key: str) -> Problem:
    minutes = settings.lock_minutes
    return Problem("too_many_requests", key, retry_after=minutes * 60, minutes=minutes)


async def step_of(pool: Pool, account: int, shown: str, place: Place) -> str:
    """A step for the account that has `shown` who it is (`password`, or `BY_PROVIDER`).

    Raises Problem `not_signed_in` for one that is disabled.
    """
    step = new_secret("step")
    values = {"account": account, "step": hash_of(step), "shown": shown, "lifetime": STEP}
    made = await _one(pool, "passed", address=place.address, device=place.device or "", **values)
    if not made:
        raise Problem("not_signed_in", "accounts.step_over", field="account")
    return step


async def is_own_password(
    pool: Pool, settings: Settings, account: Account, password: str, place: Place
) -> bool:
    """Whether who sits there knows the account's password; counts as a try to sign in."""
    begun = await _begin(pool, settings, account.name, place)
    right = await passwords.is_right(password, begun["hash"])
    if not (right and begun["open"] and begun["near"]):
        await _one(pool, "failed", account=account.id, address=place.address)
        return False
    values = {"account": account.id, "step": secrets.token_bytes(32), "shown": "password"}
    values |= {"lifetime": timedelta(0), "address": place.address, "device": place.device or ""}
    await _one(pool, "passed", **values)
    return True


async def account_of(pool: Pool, kind: Holds, secret: str | None) -> Account | None:
    """Whose session or step this is, while it holds; None for a session without an account."""
    if not secret:
        return None
    found = await _one(pool, "account_of", kind=kind, hash=hash_of(secret))
    return _account(found) if found else None


async def try_factor(pool: Pool, settings: Settings, step: str, code: str, place: Place) -> None:
    """Show the second factor: six digits of now, or a recovery code; each is good once.

    Raises Problem `not_signed_in` for a wrong or used one, or a step that is over, and
    `too_many_requests` after too many.
    """
    account = await account_of(pool, "step", step)
    if account is None or account.totp is None:
        raise Problem("not_signed_in", "accounts.step_over", field="code")
    closed = timedelta(minutes=settings.lock_minutes)
    values = {"step": hash_of(step), "tries": settings.lock_tries, "closed": closed}
    if not await _one(pool, "factor_begins", **values):
        raise _closed(settings, "accounts.factor_closed")
    secret = factor.opened(settings, account.id, account.totp)
    counter = factor.step_of(secret, code) if secret else None
    recovery = factor.hash_of_code(code)
    if (counter is None and recovery is None) or not await _one(
        pool, "factor_passed", step=hash_of(step), counter=counter, code=recovery
    ):
        await _one(pool, "factor_failed", step=hash_of(step), address=place.address)
        raise Problem("not_signed_in", "accounts.wrong_code", field="code")


async def new_password(
    pool: Pool, settings: Settings, kind: Holds, secret: str, account: Account, password: str
) -> None:
    """Change one's own password; all other sessions of the account end.

    Raises Problem `invalid_value` for one that is too easy, or was used before.
    """
    former = [one for one in (account.password_hash, *account.former) if one]
    kept = await passwords.demand_new(
        password,
        fewest=settings.password_length,
        about=(account.name, account.full_name),
        former=former[: settings.passwords_kept + 1],
    )
    values = {"kind": kind, "hash": hash_of(secret), "kept": settings.passwords_kept}
    await _done(pool, "own_password", password=kept, **values)


async def new_factor(
    pool: Pool,
    settings: Settings,
    kind: Holds,
    holds: str,
    account: Account,
    secret: str,
    code: str,
) -> list[str]:
    """Take a second factor on, with a code that shows that the app has it; gives recovery codes,
    said once. Raises Problem `invalid_value` for a code that is not the secret's.
    """
    counter = factor.step_of(secret, code)
    if counter is None:
        raise Problem("invalid_value", "accounts.wrong_first_code", field="code")
    codes = factor.new_codes()
    values = {
        "kind": kind,
        "hash": hash_of(holds),
        "sealed": factor.sealed(settings, account.id, secret),
        "counter": counter,
        "codes": [factor.hash_of_code(one) for one in codes],
    }
    await _done(pool, "own_factor", **values)
    return codes


async def drop_factor(pool: Pool, session: str) -> None:
    """Do without a second factor again."""
    values = {"kind": "session", "hash": hash_of(session), "sealed": None, "counter": None}
    await _done(pool, "own_factor", codes=[], **values)


async def enter(pool: Pool, step: str, browser: Browser, place: Place) -> str:
    """The session that a finished step becomes. Raises Problem for a step that is over."""
    session = new_secret("session")
    values = {
        "step": hash_of(step),
        "session": hash_of(session),
        "former": hash_of(browser.former or ""),
        "lifetime": browser.lifetime,
        "idle": browser.idle,
        "agent": browser.agent,
        "address": place.address,
    }
    if not await _one(pool, "ends", **values):
        raise Problem("not_signed_in", "accounts.step_over", field="step")
    return session


async def sessions(pool: Pool, session: str) -> list[dict[str, Any]]:
    """The sessions of whoever holds this one, the last used first."""
    async with pool.connection() as c, c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(Q["my_sessions"], {"session": hash_of(session)})
        return await cursor.fetchall()


async def own_keys(pool: Pool, session: str) -> list[dict[str, Any]]:
    """The keys of the account that holds this session, the newest first."""
    async with pool.connection() as c, c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(Q["my_keys"], {"session": hash_of(session)})
        return await cursor.fetchall()


async def rotate_own_key(pool: Pool, session: str, key: int, grace: timedelta) -> str:
    """A new secret for a key of one's own; the one before holds for the time of grace. Recorded.

    Raises Problem `not_found` for a key that is not one's own, or has ended.
    """
    secret = new_secret("key")
    values = {"session": hash_of(session), "key": key, "hash": hash_of(secret), "grace": grace}
    if not await _one(pool, "rotate_key", **values):
        raise Problem("not_found", "accounts.key.none", field="key")
    return secret


async def end_own_key(pool: Pool, session: str, key: int) -> None:
    """End a key of one's own. Recorded. Raises Problem `not_found`."""
    if not await _one(pool, "end_key", session=hash_of(session), key=key):
        raise Problem("not_found", "accounts.key.none", field="key")


async def account_by_provider(
    pool: Pool, issuer: str, subject: str, offered: Wanted | None = None
) -> int | None:
    """The number of the account of this person of a sign-in provider, made or changed to be as
    `offered`. `step_of` then begins its sign-in. None where there is none and nothing is offered.

    Raises Problem for an offer that no account can be, and `forbidden` for an administrator's and
    for an account that is disabled.
    """
    if offered is not None:
        offered.demand()
    told = json.dumps(offered.values) if offered else None
    try:
        found = await _one(pool, "by_provider", issuer=issuer, subject=subject, offered=told)
    except psycopg.Error as refusal:
        if refusal.sqlstate == "GW403":
            raise Problem("forbidden", refusal.diag.message_primary or "") from None
        raise
    return int(found) if found is not None else None


async def end_sessions(pool: Pool, session: str, number: int | None) -> int:
    """End one's session of this number, or with None all others; how many that were."""
    return int(await _one(pool, "end_my_sessions", session=hash_of(session), number=number))


async def rotated(pool: Pool, session: str) -> str:
    """The session under a new secret; the one before is good no more."""
    new = new_secret("session")
    await _one(pool, "rotate_session", former=hash_of(session), session=hash_of(new))
    return new


async def _begin(pool: Pool, settings: Settings, name: str, place: Place) -> Mapping[str, Any]:
    begun: Mapping[str, Any] = await _one(
        pool,
        "begins",
        name=name,
        address=place.address,
        device=place.device,
        device_account=place.device_account,
        tries=settings.lock_tries,
        address_tries=settings.address_tries,
        closed=timedelta(minutes=settings.lock_minutes),
    )
    return begun


async def _done(pool: Pool, statement: str, **values: object) -> None:
    if not await _one(pool, statement, **values):
        raise Problem("not_signed_in", "accounts.step_over", field="session")


async def _one(pool: Pool, statement: str, **values: object) -> Any:
    async with pool.connection() as connection:
        row = await (await connection.execute(Q[statement], values)).fetchone()
    return row[0] if row else None


def _account(document: Mapping[str, Any]) -> Account:
    return Account(
        id=document["id"],
        name=document["name"],
        full_name=document["full_name"],
        role=document["role"],
        totp=document["totp"],
        totp_at=_time(document["totp_at"]),
        codes_left=document["codes_left"],
        password_hash=document["password_hash"],
        password_at=_time(document["password_at"]),
        must_change=document["must_change"],
        former=tuple(document["former"]),
        passed=tuple(document["passed"] or ()),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
