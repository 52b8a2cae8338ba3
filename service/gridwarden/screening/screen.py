"""The city judged by its rules, in one transaction by role `screen`.

The compiled statements fill a table of their own; from that only differences are written, so an
unchanged city writes nothing. Every distance is metres on the ground, from a main's outer edge.

What the rules caused has only that judged again which the rules changed: every family on a layer
has a mark of all that judges it (`data.judging_marks()`), kept with the findings that it gave.
"""

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.rules import Statement, compiled
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.screening", "screen.sql")
TIMEOUT_MS = 6 * 3_600_000
Connection = AsyncConnection[TupleRow]
Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a screening was queued, and by which job and role."""

    reason: Literal["data", "rules", "asked"] = "asked"
    job: int | None = None
    role: str | None = None


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
class Split:
    """What changed in one family, and whether the rules or the data did it."""

    family: str
    reason: Literal["rule", "data"]
    added: int
    changed: int
    ended: int


@dataclass(frozen=True, slots=True)
class Screened:
    """What a screen did. `changes` are the queued row changes that it saw, `of` all statements."""

    findings: tuple[Count, ...]
    steps: tuple[Step, ...]
    of: int
    reason: str
    changes: int
    added: int
    changed: int
    removed: int
    split: tuple[Split, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Words and counts, never a place."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Group:
    """A family on a layer. `turned`: it is judged otherwise than the last time, or no more."""

    family: str
    layer: str
    turned: bool
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    """What was judged by the rules of one moment."""

    steps: tuple[Step, ...]
    of: int
    groups: tuple[Group, ...]
    full: bool
    ever: bool


async def _quietly(done: int, total: int) -> None:
    """Tell nobody."""


async def screen(
    pool: Pool, person: str, progress: Progress = _quietly, cause: Cause = Cause()
) -> Screened:
    """Judge the city again and write the differences (pool of the worker's login).

    All of it, but where the rules alone are the cause and no change of data waits: then what the
    rules changed. Raises Problem `conflict` when no rules ever were in force; whatever is raised,
    nothing is written and the change queue is as before.
    """
    began = time.monotonic()
    async with as_caller(pool, Caller("screen", person), timeout_ms=TIMEOUT_MS) as connection:
        await connection.execute(Q["alone"])
        await connection.execute(Q["forget_changes"])
        changes = int((await _row(connection, "take_changes"))[0])
        judged = await _judge_by_one_rulebook(connection, cause, changes, progress)
        split = await _write(connection, judged)
        counts = await (await connection.execute(Q["counted"])).fetchall()
        screened = Screened(
            findings=tuple(Count(*row) for row in counts),
            steps=judged.steps,
            of=judged.of,
            reason=cause.reason,
            changes=changes,
            added=sum(one.added for one in split),
            changed=sum(one.changed for one in split),
            removed=sum(one.ended for one in split),
            split=split,
            seconds=round(time.monotonic() - began, 3),
        )
        await _keep(connection, screened, person, cause)
    await progress(len(judged.steps), len(judged.steps))
    return screened


async def _judge_by_one_rulebook(
    connection: Connection, cause: Cause, changes: int, progress: Progress
) -> _Judged:
    """Judge; once more from the start where somebody published meanwhile.

    Statements of rules that went out of force in between would find nothing, and end findings.
    """
    while True:
        rulebook = await _row(connection, "in_force")
        judged = await _judge(connection, cause, changes, progress)
        await connection.execute(Q["hold_rules"])
        if await _row(connection, "in_force") == rulebook:
            return judged


async def _judge(connection: Connection, cause: Cause, changes: int, progress: Progress) -> _Judged:
    groups = await groups_now(connection)
    ever = bool((await _row(connection, "ever"))[0])
    statements = await compiled(connection)
    if not statements and not ever:
        raise Problem("conflict", "screenings.no_rules")
    full = cause.reason != "rules" or changes > 0 or not ever
    if not full:
        groups = tuple(one for one in groups if one.turned)
    wanted = {(one.family, one.layer) for one in groups}
    chosen = [one for one in statements if (one.family, one.layer) in wanted]
    await connection.execute(Q["empty"])
    steps = []
    for done, statement in enumerate(chosen):
        await progress(done, len(chosen))
        steps.append(await _run(connection, statement))
    await connection.execute(Q["strongest"])
    return _Judged(tuple(steps), len(statements), groups, full, ever)


async def _run(connection: Connection, statement: Statement) -> Step:
    began = time.monotonic()
    insert = sql.SQL("{} {}").format(sql.SQL(Q["columns"]), sql.SQL(statement.sql))
    cursor = await connection.execute(insert)
    seconds = round(time.monotonic() - began, 3)
    return Step(statement.name, statement.family, cursor.rowcount, seconds)


async def _write(connection: Connection, judged: _Judged) -> tuple[Split, ...]:
    """The differences, by family and reason; one whose evidence alone changed counts as changed."""
    for name in ("empty_difference", "join_sets"):
        await connection.execute(Q[name])
    groups = {
        "families": [one.family for one in judged.groups],
        "layers": [one.layer for one in judged.groups],
    }
    compare = sql.SQL(Q["compare"]).format(
        found=sql.SQL(Q["found_all" if judged.full else "found_of_groups"])
    )
    found = (await connection.execute(compare, None if judged.full else groups)).rowcount
    split: Sequence[TupleRow] = ()
    if found:
        await tell_rules_apart(connection, judged.groups)
        if judged.ever:
            await connection.execute(Q["whose_changes"])
        split = await write_differences(connection, tell=judged.ever)
    if any(one.turned for one in judged.groups):
        await connection.execute(Q["forget_marks"])
        await connection.execute(Q["keep_marks"])
    return tuple(Split(*row) for row in split)


async def groups_now(connection: Connection) -> tuple[Group, ...]:
    """Every family on a layer that is judged now, or was judged last."""
    return tuple(
        Group(family, layer, turned, tuple(beside))
        for family, layer, turned, beside in await _rows(connection, "marks")
    )


async def tell_rules_apart(connection: Connection, groups: Sequence[Group]) -> None:
    """Of the differences, those that the rules made: the reason of all else stays the data."""
    turned = [
        {"family": one.family, "layer": one.layer, "beside": list(one.beside)}
        for one in groups
        if one.turned
    ]
    if turned:
        await connection.execute(Q["by_rule"], {"turned": json.dumps(turned)})


async def write_differences(connection: Connection, *, tell: bool) -> Sequence[TupleRow]:
    """Past versions, the outbox and the findings themselves, of what `data.difference` holds.

    The first screening of a city tells nobody: everything in it would be news.
    """
    split = await _rows(connection, "split")
    if not split:
        return split
    added, changed, ended = (any(row[n] for row in split) for n in (2, 3, 4))
    needed = {
        "causes": True,
        "keep_past": changed or ended,
        "tell_ended": tell and ended,
        "end": ended,
        "move": changed,
        "tell": changed,
        "add": added,
        "add_exact": added,
        "tell_others": tell and (added or changed),
    }
    for name, is_needed in needed.items():
        if is_needed:
            await connection.execute(Q[name])
    return split


async def _keep(connection: Connection, screened: Screened, person: str, cause: Cause) -> None:
    """Tell the audit and the list of screenings, and leave the tables of the way empty."""
    values = {
        "reason": cause.reason,
        "job": cause.job,
        "role": cause.role,
        "person": person,
        "changes": screened.changes,
        "statements": len(screened.steps),
        "of": screened.of,
        "seconds": screened.seconds,
    }
    number = int((await _row(connection, "keep", values))[0])
    for name in ("empty", "empty_difference", "forget_changes"):
        await connection.execute(Q[name])
    detail = {
        "screening": number,
        "reason": screened.reason,
        "changes": screened.changes,
        "added": screened.added,
        "changed": screened.changed,
        "removed": screened.removed,
        "findings": sum(step.findings for step in screened.steps),
    }
    rows = screened.added + screened.changed + screened.removed
    await connection.execute(Q["record"], {"detail": Jsonb(detail), "rows": rows})


async def _rows(
    connection: Connection, name: str, values: dict[str, Any] | None = None
) -> list[TupleRow]:
    return await (await connection.execute(Q[name], values)).fetchall()


async def _row(connection: Connection, name: str, values: dict[str, Any] | None = None) -> TupleRow:
    return (await _rows(connection, name, values))[0]
