"""The whole city judged by every rule, in one transaction by role `screen`.

The compiled statements fill a table of their own; from that only differences are written, so an
unchanged city writes nothing. Every distance is metres on the ground, from a main's outer edge.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.rules import Statement, compiled
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.screening", "screen.sql")
TIMEOUT_MS = 6 * 3_600_000
Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """One compiled statement: how many findings it gave and how long it took (seconds)."""

    name: str
    family: str
    findings: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Count:
    """Findings of one kind."""

    family: str
    severity: str
    certainty: str
    n: int


@dataclass(frozen=True, slots=True)
class Screened:
    """What a screen did. `changes` are the queued row changes that it saw."""

    findings: tuple[Count, ...]
    steps: tuple[Step, ...]
    changes: int
    added: int
    changed: int
    removed: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Words and counts, never a place."""
        return asdict(self)


async def _quietly(done: int, total: int) -> None:
    """Tell nobody."""


async def screen(pool: Pool, person: str, progress: Progress = _quietly) -> Screened:
    """Judge everything again and write the differences (pool of the worker's login).

    Raises Problem `conflict` when no rules are in force; whatever is raised, nothing is written
    and the change queue is as before.
    """
    began = time.monotonic()
    async with as_caller(pool, Caller("screen", person), timeout_ms=TIMEOUT_MS) as connection:
        await connection.execute(Q["alone"])
        changes = await _number(connection, "take_changes")
        statements = await compiled(connection)
        if not statements:
            raise Problem("conflict", "screening.no_rules")
        await connection.execute(Q["empty"])
        steps = []
        for done, statement in enumerate(statements):
            await progress(done, len(statements))
            steps.append(await _judge(connection, statement))
        await connection.execute(Q["strongest"])
        added, changed, removed = await _write(connection)
        counts = await (await connection.execute(Q["counted"])).fetchall()
        await connection.execute(Q["empty"])
        detail = {
            "changes": changes,
            "added": added,
            "changed": changed,
            "removed": removed,
            "findings": sum(step.findings for step in steps),
        }
        rows = added + changed + removed
        await connection.execute(Q["record"], {"detail": Jsonb(detail), "rows": rows})
    await progress(len(statements), len(statements))
    return Screened(
        findings=tuple(Count(*row) for row in counts),
        steps=tuple(steps),
        changes=changes,
        added=added,
        changed=changed,
        removed=removed,
        seconds=round(time.monotonic() - began, 3),
    )


async def _judge(connection: AsyncConnection[TupleRow], statement: Statement) -> Step:
    began = time.monotonic()
    insert = sql.SQL("{} {}").format(sql.SQL(Q["columns"]), sql.SQL(statement.sql))
    cursor = await connection.execute(insert)
    seconds = round(time.monotonic() - began, 3)
    return Step(statement.name, statement.family, cursor.rowcount, seconds)


async def _write(connection: AsyncConnection[TupleRow]) -> tuple[int, int, int]:
    """Rows added, changed and removed; one whose evidence alone changed counts as changed."""
    before = await _number(connection, "count")
    removed = (await connection.execute(Q["remove"])).rowcount
    written = (await connection.execute(Q["write"])).rowcount
    exact = (await connection.execute(Q["write_exact"])).rowcount
    added = await _number(connection, "count") - before + removed
    return added, max(written, exact) - added, removed


async def _number(connection: AsyncConnection[TupleRow], name: str) -> int:
    row = await (await connection.execute(Q[name])).fetchone()
    return int(row[0]) if row else 0
