"""Keys, browser sessions and one-time links: 256 random bits each, kept as SHA-256 alone.

The secret is said once, when it is made. A plain hash is enough for random secrets; a slow one
is for passwords that people choose.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from gridwarden.access.scopes import EVERYTHING
from gridwarden.database import Caller, Pool, queries

Q = queries(__package__ or "gridwarden.access", "credentials.sql")
Kind = Literal["key", "session", "link", "step"]
LINK = timedelta(minutes=15)
_PREFIX: dict[Kind, str] = {"key": "gw_", "session": "gws_", "link": "gwl_", "step": "gwp_"}


@dataclass(frozen=True, slots=True)
class Made:
    """A credential that was just made; `secret` is not to be had again."""

    id: int
    secret: str


def new_secret(kind: Kind) -> str:
    """256 random bits with a prefix that tells people, and secret scanners, what it is."""
    return _PREFIX[kind] + secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """What the database keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


async def make(
    c: AsyncConnection[TupleRow],
    kind: Literal["key", "link"],
    caller: Caller,
    lifetime: timedelta,
    label: str | None = None,
    *,
    own_person: bool = False,
    scopes: Iterable[str] = EVERYTHING,
) -> Made:
    """Make a key or link that acts as `caller`; `c` acts as the security officer. Recorded.

    `own_person` adds its number to the person's name: whoever uses it can be told from the
    users of all other keys that were made by the same hand.
    """
    secret = new_secret(kind)
    values = {
        "kind": kind,
        "hash": hash_of(secret),
        "label": label,
        "role": caller.role,
        "person": caller.person,
        "org_ids": list(caller.org_ids),
        "district_ids": list(caller.district_ids),
        "grid_ids": list(caller.grid_ids),
        "all_districts": caller.all_districts,
        "account": caller.account,
        "scopes": sorted(scopes),
        "language": caller.language,
        "lifetime": lifetime,
    }
    row = await (await c.execute(Q["make"], values)).fetchone()
    assert row is not None
    if own_person:
        await c.execute(Q["own_person"], {"id": row[0]})
    await c.execute(Q["made"], {"id": row[0]})
    return Made(int(row[0]), secret)


async def keys(c: AsyncConnection[TupleRow]) -> list[dict[str, Any]]:
    """Every key that holds, newest first, without any secret; `c` acts as the security officer."""
    async with c.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(Q["keys"])).fetchall()


async def revoke(c: AsyncConnection[TupleRow], key_id: int) -> bool:
    """End a key at once; False where none of that id holds. Recorded."""
    return await (await c.execute(Q["revoke"], {"id": key_id})).fetchone() is not None


async def rotate(c: AsyncConnection[TupleRow], key_id: int, grace: timedelta) -> Made | None:
    """Give a key a new secret; the one before holds for the time of grace. None where no key of
    that id holds. `c` acts as the security officer. Recorded.
    """
    secret = new_secret("key")
    values = {"id": key_id, "hash": hash_of(secret), "grace": grace}
    row = await (await c.execute(Q["rotate"], values)).fetchone()
    return Made(key_id, secret) if row else None


@dataclass(frozen=True, slots=True)
class Browser:
    """What a session is opened with: the one that it replaces, how long it lives, and where."""

    former: str | None
    lifetime: timedelta
    idle: timedelta
    agent: str


async def sign_in(pool: Pool, link: str, browser: Browser) -> str | None:
    """Use a one-time link up and open a session; None when the link does not hold any more.

    One statement: of two requests at once with one link exactly one gets a session.
    """
    session = new_secret("session")
    values = {
        "link": hash_of(link),
        "session": hash_of(session),
        "former": hash_of(browser.former or ""),
        "lifetime": browser.lifetime,
        "idle": browser.idle,
        "agent": browser.agent,
    }
    async with pool.connection() as connection:
        row = await (await connection.execute(Q["sign_in"], values)).fetchone()
    return session if row and row[0] else None


async def sign_out(pool: Pool, session: str) -> None:
    """End a browser session."""
    async with pool.connection() as connection:
        await connection.execute(Q["sign_out"], {"session": hash_of(session)})


async def link_holds(pool: Pool, link: str) -> bool:
    """Whether a one-time link could still be used; looking does not use it up."""
    async with pool.connection() as connection:
        row = await (await connection.execute(Q["link_holds"], {"link": hash_of(link)})).fetchone()
    return bool(row and row[0])
