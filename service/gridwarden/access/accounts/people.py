"""The security officer's work on accounts: add, change, disable, unlock, reset; who is dormant.

Every function takes a connection that acts as the officer, and records what it does. A first
password is random, said once, holds for some hours and is changed when it is first used: so
nobody but its owner knows a password that lasts.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from gridwarden.access.accounts.passwords import hash_password
from gridwarden.access.bounds import NO_BOUNDS, Bounds, demand_fitting, demand_role
from gridwarden.database import queries
from gridwarden.words import LANGUAGES
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.access.accounts", "people.sql")
Act = Literal["disable", "enable", "unlock"]
Connection = AsyncConnection[TupleRow]
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters that nobody can tell apart on a slip of paper."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an account is to be. `issuer` and `subject` name a person at a sign-in provider."""

    name: str
    full_name: str
    role: str
    bounds: Bounds = NO_BOUNDS
    language: str = "zh"
    issuer: str | None = None
    subject: str | None = None

    def demand(self) -> None:
        """Raises Problem for what no account can be; names and texts the database holds to."""
        demand_role(self.role)
        if self.language not in LANGUAGES:
            raise Problem("invalid_value", "accounts.language", field="language")
        if not _is_name(self.name):
            raise Problem("invalid_value", "accounts.bad_name", field="name")
        if not (self.full_name.strip() and self.full_name.isprintable() and _fits(self.full_name)):
            raise Problem("invalid_value", "access.bad_person", field="full_name")
        demand_fitting(self.role, self.bounds)

    @property
    def values(self) -> dict[str, Any]:
        """The values of its columns."""
        return {
            "name": self.name,
            "full_name": self.full_name.strip(),
            "role": self.role,
            "org_ids": list(self.bounds.org_ids),
            "district_ids": list(self.bounds.district_ids),
            "grid_ids": list(self.bounds.grid_ids),
            "all_districts": self.bounds.all_districts,
            "language": self.language,
            "issuer": self.issuer,
            "subject": self.subject,
        }


@dataclass(frozen=True, slots=True)
class Person:
    """An account as the officer and the auditor see it."""

    id: int
    name: str
    full_name: str
    role: str
    bounds: Bounds
    language: str
    created_at: datetime
    created_by: str | None
    disabled_at: datetime | None
    last_seen_at: datetime | None
    locked_until: datetime | None
    must_change: bool
    password_at: datetime | None
    has_password: bool
    has_factor: bool

    @property
    def wanted(self) -> Wanted:
        """What the account is, as what it is to be: the ground of a change."""
        return Wanted(self.name, self.full_name, self.role, self.bounds, self.language)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 64 and name.isprintable() and not set(name) & set(' :/<>"\u3000')


def _fits(text: str) -> bool:
    return len(text) <= 120 and not any("\ud800" <= letter <= "\udfff" for letter in text)


async def everybody(
    c: Connection, name: str | None = None, number: int | None = None
) -> list[Person]:
    """All accounts, or that of this name or number; the disabled ones last."""
    async with c.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(Q["list"], {"name": name, "id": number})).fetchall()
    return [_person(row) for row in rows]


async def one_called(c: Connection, name: str) -> Person:
    """The account of this name. Raises Problem `not_found`."""
    found = await everybody(c, name) if _is_name(name) else []
    if not found:
        raise Problem("not_found", "accounts.none", field="name", name=name[:64])
    return found[0]


async def one_of(c: Connection, number: int) -> Person:
    """The account of this number. Raises Problem `not_found`."""
    found = await everybody(c, number=number)
    if not found:
        raise Problem("not_found", "accounts.none", field="account", name=str(number))
    return found[0]


async def add(c: Connection, wanted: Wanted) -> int:
    """A new account, without a password yet. Recorded.

    Raises Problem `conflict` for a name that is taken, or a person who is another administrator.
    """
    wanted.demand()
    row = await _written(c, "add", wanted.values)
    if row is None:
        raise Problem("conflict", "accounts.name_taken", field="name", name=wanted.name)
    await _record(c, "account_added", row[0], wanted.values)
    return int(row[0])


async def change(c: Connection, before: Person, wanted: Wanted) -> None:
    """Other rights for an account: whoever is signed in signs in again, its keys end. Recorded."""
    wanted.demand()
    await _written(c, "change", wanted.values | {"id": before.id})
    await _record(c, "account_changed", before.id, wanted.values)


async def act(c: Connection, person: Person, what: Act) -> None:
    """Disable, enable or unlock an account. Recorded; nothing is done twice."""
    row = await _written(c, what, {"id": person.id})
    if row is not None:
        done = {"disable": "account_disabled", "enable": "account_enabled"}
        await _record(c, done.get(what, "account_unlocked"), person.id, {"name": person.name})


async def reset_password(c: Connection, person: Person, hours: int) -> str:
    """A first password, said once; sessions of the account end. Recorded, without the password."""
    password = first_password()
    await set_first(c, person.id, await hash_password(password), hours)
    await _record(c, "account_password_reset", person.id, {"name": person.name})
    return password


async def set_first(c: Connection, account: int, kept: str, hours: int) -> None:
    """Keep the hash of a first password, which holds for so many hours."""
    values = {"id": account, "password": kept, "lifetime": timedelta(hours=hours)}
    await _written(c, "reset_password", values)


async def reset_factor(c: Connection, person: Person) -> None:
    """Take a lost second factor away; sessions of the account end. Recorded."""
    await _written(c, "reset_factor", {"id": person.id})
    await _record(c, "account_factor_reset", person.id, {"name": person.name})


async def dormant(c: Connection, days: int) -> list[dict[str, Any]]:
    """Accounts and keys that nobody used for so many days, the longest first."""
    async with c.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(Q["dormant"], {"days": days})).fetchall()


def first_password() -> str:
    """Sixteen random letters and digits in fours, easy to read from paper (79 bits)."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


async def _written(c: Connection, statement: str, values: dict[str, Any]) -> TupleRow | None:
    """One statement; what the database holds to is told as a Problem."""
    try:
        return await (await c.execute(Q[statement], values)).fetchone()
    except psycopg.errors.CheckViolation as refusal:
        key = "accounts.bad_name" if "name" in (refusal.diag.constraint_name or "") else ""
        raise Problem("invalid_value", key, field="name") from None
    except psycopg.Error as refusal:
        if refusal.sqlstate == "GW409":
            raise Problem("conflict", refusal.diag.message_primary or "", field="name") from None
        raise


async def _record(c: Connection, action: str, account: int, detail: dict[str, Any]) -> None:
    told = {key: value for key, value in detail.items() if value not in (None, [], False)}
    values = {"action": action, "detail": json.dumps(told | {"account": account})}
    await c.execute(Q["record"], values)


def _person(row: dict[str, Any]) -> Person:
    bounds = Bounds(
        tuple(row.pop("org_ids")),
        tuple(row.pop("district_ids")),
        tuple(row.pop("grid_ids")),
        row.pop("all_districts"),
    )
    return Person(bounds=bounds, **row)
