"""The only door to the database: every statement runs in a caller's role.

The login itself can read nothing (NOINHERIT, no grants). `as_caller` takes the role for one
transaction; `call_as` is for the SQL functions that take it themselves, in one statement.
The block of `as_caller` ends, committed, before a response is built: a commit that fails must
reach the person as an error, not after a 201.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from gridwarden.database.caller import Caller
from gridwarden.database.queries import queries

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
Q = queries(__package__ or "gridwarden.database", "door.sql")


@asynccontextmanager
async def as_caller(
    pool: Pool, caller: Caller, timeout_ms: int | None = None
) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """One transaction in the caller's role; commits when the block ends, rolls back on errors.

    Each statement ends after `timeout_ms`; without it, after what the pool was opened with
    (`statement_timeout_ms` of the settings), or 15 s where that is nothing.

    Raises psycopg.Error from the statements inside and psycopg_pool.PoolTimeout when no
    connection is free.
    """
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(
            Q["become"],
            {
                "role": f"gridwarden_{caller.role}",
                "timeout": None if timeout_ms is None else str(timeout_ms),
                "person": caller.person,
                "orgs": caller.orgs_setting,
                "districts": caller.districts_setting,
                "grids": caller.grids_setting,
                "made_by": caller.made_by or "",
            },
        )
        yield connection


async def call_as(pool: Pool, caller: Caller, function: str, args: Sequence[object]) -> Any:
    """Call a SQL function that takes the caller as its first argument and sets the role itself.

    One statement on the wire, in autocommit. `args` go as given (dicts as jsonb text).
    Returns the first column of the first row.
    """
    values = [json.dumps(caller_document(caller))]
    values += [json.dumps(a) if isinstance(a, (dict, list)) else a for a in args]  # type: ignore[misc]
    async with pool.connection() as connection:
        cursor = await connection.execute(_call(function, len(values)), values)
        row = await cursor.fetchone()
    return row[0] if row else None


@cache
def _call(function: str, values: int) -> bytes:
    """The statement that calls a function, whose name is ours, with so many values."""
    name = sql.Identifier(*function.split("."))
    places = sql.SQL(", ").join(sql.Placeholder() for _ in range(values))
    return sql.SQL("select {}({})").format(name, places).as_bytes(None)


def caller_document(caller: Caller) -> dict[str, str]:
    """The caller as the SQL doors take it: role, person, orgs, districts, language."""
    return {
        "role": caller.role,
        "person": caller.person,
        "orgs": caller.orgs_setting,
        "districts": caller.districts_setting,
        "language": caller.language,
    }
