"""Rules change by two people: one proposes a pack, or that one goes; another one decides.

Everything that must hold is held by the database (`api.propose_rules`, `api.approve_rules`, …);
here its refusals become sentences.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.database.addresses import owner_dsn
from gridwarden.jobs import chore
from gridwarden.rules.normal import normal
from gridwarden.rules.publishing import chosen
from gridwarden.rules.reading import LoadedPack
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.rules", "sharing.sql")
STATES = ("waiting", "approved", "rejected", "withdrawn")
TIMEOUT_MS = 300_000
"""What each rule asks of each kind of main is worked out while a pack comes in force."""
PATIENCE = "15s"
KINDS = {"GW400": "refused", "GW404": "not_found", "GW409": "conflict"}
SHIPPED_EARLIER = frozenset(
    (
        "1c7c79c16a6eb4c4b95e6f2f35cda78c8e457c6aa89a13669813241d65f47c76",
        "1d1c569717d2543fade3566feacc93399f7d4117edda4ad8dff29ddf787c848e",
        "4b97711a8a8442522c01ac186de06cfd1d40796810170ceca427dd8c4a9193b6",
    )
)
"""SHA-256 of the packs of the earlier form that came with Gridwarden: nobody's own."""
NOT_ALLOWED = psycopg.errors.InsufficientPrivilege
Connection = AsyncConnection[TupleRow]


@asynccontextmanager
async def refusals() -> AsyncIterator[None]:
    """What the database refuses, as a Problem: HINT is the key of its words, DETAIL the values."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise Problem("busy", "rules.sharing.busy") from error
    except psycopg.Error as error:
        kind = KINDS.get(error.sqlstate or "")
        if kind is None:
            raise
        told = error.diag.message_primary or ""
        if error.diag.message_hint is None:
            raise Problem(kind, told) from error
        params = json.loads(error.diag.message_detail or "{}")
        raise Problem(kind, error.diag.message_hint, **params) from error


async def propose(
    connection: Connection,
    loaded: LoadedPack,
    why: str = "",
    *,
    instead_of_base: bool = False,
    settings: Settings | None = None,
) -> int:
    """Propose to publish a checked pack, as the caller (an administrator); the proposal's number.

    Raises Problem `conflict` when it is what was published last, when its version was published
    with other rules, when what it extends is not in force, or another base pack is; and for a base
    pack in the place of another whose day (of the office in `settings`) is still to come.
    """
    if settings is not None:
        await _begin(connection, settings)
    values = {
        "normal": json.dumps(normal(loaded)),
        "document": json.dumps(dict(loaded.documents)),
        "why": why,
        "instead": instead_of_base,
    }
    return await _number(connection, "propose", values)


async def propose_withdrawal(connection: Connection, pack: str, why: str = "") -> int:
    """Propose that a pack goes out of force. Raises Problem `not_found`, or `conflict` where
    others extend it."""
    return await _number(connection, "propose_withdrawal", {"pack": pack, "why": why})


async def approve(
    connection: Connection, proposal: int, settings: Settings, why: str = ""
) -> int | None:
    """Put a proposal in force, as another person than its proposer; the screening that follows.

    None where nothing is to be judged yet: its day is still to come. Raises Problem `conflict`
    for the proposer, for a decided proposal and for one whose ground has changed.
    """
    await _begin(connection, settings)
    async with refusals():
        row = await (
            await connection.execute(Q["approve"], {"id": proposal, "why": why})
        ).fetchone()
    return int(row[0]) if row and row[0] is not None else None


async def reject(connection: Connection, proposal: int, why: str) -> None:
    """Refuse a proposal for a reason. Raises Problem."""
    async with refusals():
        await connection.execute(Q["reject"], {"id": proposal, "why": why})


async def take_back(connection: Connection, proposal: int, why: str = "") -> None:
    """Take one's own proposal back. Raises Problem `conflict` for somebody else's."""
    async with refusals():
        await connection.execute(Q["take_back"], {"id": proposal, "why": why})


async def proposals(
    connection: Connection, state: str | None = None, *, limit: int = 100, before: int = 2**63 - 1
) -> list[dict[str, Any]]:
    """Proposals, newest first, as far as the list tells them."""
    values = {"state": state, "limit": limit, "before": before}
    rows = await (await connection.execute(Q["proposals"], values)).fetchall()
    return [row[0] for row in rows]


async def proposal(connection: Connection, number: int) -> dict[str, Any]:
    """One proposal with every change and the files of its pack. Raises Problem `not_found`."""
    row = await (await connection.execute(Q["proposal"], {"id": number})).fetchone()
    if row is None:
        raise Problem("not_found", "rules.sharing.no_proposal", proposal=number)
    told: dict[str, Any] = row[0]
    return told


async def begin_with(
    connection: Connection, packs: Sequence[LoadedPack], settings: Settings
) -> bool:
    """Put the first packs in force, in order, before any of this form was; whether it did.

    In a transaction of the database's owner: no role that asks may do that.
    """
    await _begin(connection, settings)
    said = [{"normal": normal(one), "document": dict(one.documents)} for one in packs]
    async with refusals():
        row = await (await connection.execute(Q["first"], {"packs": json.dumps(said)})).fetchone()
    return bool(row and row[0])


@dataclass(frozen=True, slots=True)
class Begun:
    """The packs that came in force first (id@version), and the city's own of an earlier form (id,
    id@version), which did not come with Gridwarden and in whose place they are now.
    """

    packs: tuple[str, ...]
    own_before: tuple[tuple[str, str], ...]


async def ensure_published(settings: Settings) -> Begun | None:
    """Put the packs of `settings.rules` in force where none is of the form of now.

    That is a new installation, or one of an earlier version: then the city is screened again.
    None where nothing was to do. On the machine itself, as the database's owner.
    """
    async with await AsyncConnection.connect(owner_dsn(settings)) as connection:
        await connection.execute(Q["named"], {"person": "gridwarden up"})
        packs = chosen(settings.rules)
        if not await begin_with(connection, packs, settings):
            return None
        earlier = await (await connection.execute(Q["earlier"])).fetchall()
    return Begun(
        tuple(f"{one.pack.pack.id}@{one.pack.pack.version}" for one in packs),
        tuple(
            (pack, f"{pack}@{version}")
            for pack, version, text in earlier
            if sha256(text.encode()).hexdigest() not in SHIPPED_EARLIER
        ),
    )


@chore
async def turn(pool: Pool, settings: Settings) -> None:
    """Once a day of the office: versions whose day has come are in force, others are no more."""
    async with as_caller(pool, Caller("screen", "worker"), TIMEOUT_MS) as connection:
        await _begin(connection, settings)
        await connection.execute(Q["day"])


async def _begin(connection: Connection, settings: Settings) -> None:
    await connection.execute(Q["begin"], {"zone": settings.time_zone, "patience": PATIENCE})


async def _number(connection: Connection, name: str, values: dict[str, Any]) -> int:
    async with refusals():
        row = await (await connection.execute(Q[name], values)).fetchone()
    assert row is not None
    return int(row[0])
