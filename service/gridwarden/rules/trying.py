"""`rules try`: a pack on the city as it is, and nothing of it stays.

One transaction puts the pack in force, judges the statements that its change touches, compares
with today and is rolled back; the database refuses to commit one (`data.try_rules`). It runs as
role `screen` by the worker's login, on the machine itself: only that may judge. What it tells is
for a role that may read it: a supervisor (recorded as a look), or a company about its own mains.

While it runs nobody publishes and nobody else tries (both wait, or give up and say so). Imports
and screenings go on: an import waits only for pieces of mains whose class or diameter the pack
changes, because the trial holds their rows.
"""

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.layers.catalogue import layers
from gridwarden.rules.compiler import Statement, compiled
from gridwarden.rules.normal import normal
from gridwarden.rules.reading import LoadedPack
from gridwarden.rules.sharing import Connection, refusals
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.rules", "trying.sql")
READERS = ("supervisor", "utility")
"""Roles that may read findings with their rule and distance."""
TIMEOUT_MS = 2 * 3_600_000
Progress = Callable[[int, int], Awaitable[None]]
Group = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: a pack, or that one goes; `layers` narrow the subjects."""

    pack: LoadedPack | None
    withdraw: str | None = None
    instead_of_base: bool = False
    layers: tuple[str, ...] = ()
    examples: int = 3

    @property
    def name(self) -> str:
        """What people call it."""
        head = self.pack.pack.pack if self.pack else None
        return f"{head.id}@{head.version}" if head else f"-{self.withdraw}"

    def values(self) -> dict[str, Any]:
        """The arguments of `data.try_rules`."""
        return {
            "normal": json.dumps(normal(self.pack)) if self.pack else None,
            "document": json.dumps(dict(self.pack.documents)) if self.pack else None,
            "withdraw": self.withdraw,
            "instead": self.instead_of_base,
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """One statement that was run: how many findings it gave, in how many seconds.

    A company is told neither: both are of everybody's mains.
    """

    name: str
    findings: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a trial tells. `against` is the last screening, or today's rules judged just now."""

    pack: str
    against: str
    changes_waiting: int
    statements: tuple[Judged, ...]
    of: int
    differences: tuple[dict[str, Any], ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


async def _quietly(done: int, total: int) -> None:
    """Tell nobody."""


async def try_out(
    web: Pool,
    worker: Pool,
    caller: Caller,
    trial: Trial,
    zone: str,
    progress: Progress = _quietly,
) -> Tried:
    """Try a pack out; whatever happens, the database is as before.

    Raises Problem `forbidden` for a role that reads no findings with their distance, `conflict`
    and `not_found` as proposing does, `busy` when somebody publishes or tries a pack right now.
    """
    if caller.role not in READERS:
        raise Problem("forbidden", "rules.try.role", field="--as", role=caller.role)
    _known_layers(trial.layers)
    async with as_caller(web, caller) as connection:
        await connection.execute(Q["record"], {"pack": trial.name})
        if caller.role == "supervisor":
            await connection.execute(Q["look"], {"purpose": f"rules try {trial.name}"})
    orgs = list(caller.org_ids) if caller.role == "utility" else None
    found: Tried | None = None
    screener = Caller("screen", caller.person)
    async with as_caller(worker, screener, TIMEOUT_MS) as connection, refusals():
        await connection.execute(Q["begin"], {"zone": zone})
        found = await _tried(connection, trial, orgs, progress)
        raise psycopg.Rollback
    assert found is not None
    return found


async def _tried(
    connection: Connection, trial: Trial, orgs: list[int] | None, progress: Progress
) -> Tried:
    began = time.monotonic()
    await connection.execute(Q["empty"])
    waiting, same_rules = (await (await connection.execute(Q["waiting"])).fetchall())[0]
    fresh = bool(same_rules) and not waiting
    marks = await _marks(connection)
    judged: list[Judged] = []
    if fresh:
        touched = await _put_in_force(connection, trial, marks)
        await connection.execute(Q["as_found"], _named(touched))
    else:
        async with connection.transaction(force_rollback=True):
            touched = await _put_in_force(connection, trial, marks)
        await _judge(connection, touched, progress, judged, after=False)
        await _put_in_force(connection, trial, marks)
    of = await _judge(connection, touched, progress, judged, after=True)
    values = {"orgs": orgs, "examples": trial.examples}
    rows = await (await connection.execute(Q["compared"], values)).fetchall()
    differences = [row[0] for row in rows]
    await _name_subjects(connection, differences)
    return Tried(
        pack=trial.name,
        against="last screening" if fresh else "judged now",
        changes_waiting=int(waiting),
        statements=tuple(
            judged
            if orgs is None
            else (replace(one, findings=None, seconds=None) for one in judged)
        ),
        of=of,
        differences=tuple(differences),
        seconds=round(time.monotonic() - began, 3),
    )


async def _marks(connection: Connection) -> dict[Group, str]:
    rows = await (await connection.execute(Q["marks"])).fetchall()
    return {(family, layer): mark for family, layer, mark in rows}


async def _put_in_force(
    connection: Connection, trial: Trial, before: dict[Group, str]
) -> tuple[Group, ...]:
    """The families on layers that are judged otherwise by it."""
    await connection.execute(Q["try"], trial.values())
    after = await _marks(connection)
    return tuple(
        group
        for group in sorted({*before, *after})
        if before.get(group) != after.get(group) and (not trial.layers or group[1] in trial.layers)
    )


async def _judge(
    connection: Connection,
    touched: Sequence[Group],
    progress: Progress,
    judged: list[Judged],
    *,
    after: bool,
) -> int:
    """Judge the touched families by the rules that are in force here; how many statements are."""
    statements = await compiled(connection)
    chosen = [one for one in statements if (one.family, one.layer) in touched]
    for done, statement in enumerate(chosen):
        await progress(done, len(chosen))
        judged.append(await _run(connection, statement, after=after))
    await progress(len(chosen), len(chosen))
    return len(statements)


async def _run(connection: Connection, statement: Statement, *, after: bool) -> Judged:
    began = time.monotonic()
    into = sql.SQL(Q["into"]).format(after=sql.Literal(after), statement=sql.SQL(statement.sql))
    cursor = await connection.execute(into)
    return Judged(statement.name, cursor.rowcount, round(time.monotonic() - began, 3))


async def _name_subjects(connection: Connection, differences: Sequence[dict[str, Any]]) -> None:
    """Give every example its subject's code: its code, its name, or the id of its source."""
    examples = [one for difference in differences for one in difference["examples"]]
    known = layers()
    for layer_id in sorted({one["layer"] for one in examples} & set(known)):
        ids = [one["subject_id"] for one in examples if one["layer"] == layer_id]
        query = sql.SQL(Q["codes"]).format(layer=sql.Identifier("data", layer_id))
        rows = await (await connection.execute(query, [ids])).fetchall()
        codes = {row[0]: row[1] for row in rows}
        for one in examples:
            if one["layer"] == layer_id:
                one["subject"] = codes.get(one["subject_id"])


def _named(groups: Sequence[Group]) -> dict[str, list[str]]:
    return {"families": [g[0] for g in groups], "layers": [g[1] for g in groups]}


def _known_layers(wanted: Sequence[str]) -> None:
    known = layers()
    for one in wanted:
        if one not in known:
            raise Problem("not_found", "rules.try.no_layer", field="--layer", layer=one[:80])
