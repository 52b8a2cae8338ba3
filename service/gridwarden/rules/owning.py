"""What no role of the service does: the first packs, and what one person alone approves.

Both need the database's owner, whose password lies on the machine itself: neither a key nor a
session reaches them, whoever holds it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.database.addresses import owner_dsn
from gridwarden.database.sentences import trouble
from gridwarden.rules import sharing
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.rules", "sharing.sql")


@asynccontextmanager
async def as_owner(settings: Settings, person: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """One transaction as the owner, with the name of who is at the machine.

    Raises SetUpError where the machine does not let the owner in.
    """
    try:
        connection = await AsyncConnection.connect(owner_dsn(settings), connect_timeout=10)
    except psycopg.OperationalError as error:
        raise trouble(settings, "owner_shut_out") from error
    async with connection, connection.transaction():
        values = {"person": person, "timeout": str(sharing.TIMEOUT_MS)}
        await connection.execute(Q["become_owner"], values)
        yield connection


async def approve_alone(
    settings: Settings, person: str, proposal: int, why: str, reason: str
) -> int | None:
    """Put a proposal in force without a second person; the screening that follows, or None.

    `reason` stays on the proposal, and the audit tells it. Raises Problem as approving does, and
    `refused` without a reason.
    """
    async with as_owner(settings, person) as connection, sharing.refusals():
        await connection.execute(
            Q["begin"], {"zone": settings.time_zone, "patience": sharing.PATIENCE}
        )
        values = {"id": proposal, "why": why, "reason": reason}
        row = await (await connection.execute(Q["approve_alone"], values)).fetchone()
    return int(row[0]) if row and row[0] is not None else None
