"""The map kept true: every change is screened as soon as it is committed, by one screener.

A step is one transaction: it takes the waiting changes out of the queue, judges again whom they
concern, and writes only what differs; what a step does not see stays in the queue. Killed in the
middle, it did nothing, and the next one does it. Statements of over 10,000 rows are taken in
slices while nothing small waits, so that a large import does not hold up a small edit.
"""

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.database.cluster import login_dsn
from gridwarden.jobs import chore, companion
from gridwarden.jobs.telling import log
from gridwarden.rules import Statement
from gridwarden.screening.screen import (
    Cause,
    groups_now,
    screen,
    tell_rules_apart,
    write_differences,
)
from gridwarden.screening.screen import Q as WHOLE
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.screening", "screener.sql")
SCREENER = Caller("screen", "screener")
STEP_MS = 600_000
MOST = 1_000
"""Changes in one step."""
SLICE = 5_000
"""Features in one slice of a large statement."""
WHOLE_FROM = 200_000
"""Subjects from which on the whole city is judged instead: sets are joined faster than so many
are looked up."""
UNJUDGED = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.InternalError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.RaiseException,
)
"""What a shape can make of judging it; anything else is no fault of the change."""
LOOK_S = 1.0
"""The queue is looked at so often, besides at every notice."""
Connection = AsyncConnection[TupleRow]


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a step did: changes taken, subjects judged again, findings written.

    `lag_s` is from the oldest change taken to the step's end, null for a slice.
    """

    changes: int
    slice: bool
    subjects: int
    added: int
    changed: int
    ended: int
    lag_s: float | None
    seconds: float


class Rulebook:
    """What judges again, composed anew only when what it is composed of has changed."""

    def __init__(self) -> None:
        self._mark: object = None
        self._statements: list[Statement] = []
        self.together = "[]"
        """JSON: what is judged together, and beside which layers."""

    async def look(self, connection: Connection) -> None:
        """Compose it anew where rules, figures or ways of reading changed."""
        mark = await (await connection.execute(Q["composed_of"])).fetchone()
        if mark != self._mark:
            rows = await (await connection.execute(Q["statements"])).fetchall()
            self._statements = [Statement.of(row) for row in rows]
            self.together = str(await value_of(connection, Q["together"]))
            self._mark = mark

    def about(self, layers: set[str], but: set[tuple[str, str]]) -> list[Statement]:
        """The statements that judge features of these layers, but those families on their layer."""
        return [
            one
            for one in self._statements
            if one.layer in layers and (one.family, one.layer) not in but
        ]

    def untouched(self, changed: set[str]) -> set[tuple[str, str]]:
        """Families on a layer that look at none of the layers that changed: what was found of them
        stays. Every finding names its district."""
        groups: dict[tuple[str, str], set[str]] = {}
        for one in json.loads(self.together):
            beside = groups.setdefault((one["family"], one["layer"]), {one["layer"], "districts"})
            beside.update(one["counterparts"])
        return {group for group, beside in groups.items() if not beside & changed}


class _TooManyError(Exception):
    """A step concerns so many subjects that all of them are judged faster."""


class Screener:
    """Does the steps, of at most `most` changes or slices of `slice_of` features each.

    More than `whole_from` subjects are not judged again one by one: the city is judged as a whole.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        person: str = "screener",
        most: int = MOST,
        slice_of: int = SLICE,
        whole_from: int = WHOLE_FROM,
    ) -> None:
        self._pool = pool
        self._caller = Caller("screen", person)
        self._most = most
        self._slice = slice_of
        self._whole_from = whole_from
        self._one_by_one = 0
        self._trying: int | None = None
        self._rules = Rulebook()

    async def step(self) -> Stepped | None:
        """Screen what waits, as far as one step goes; None when nothing does.

        A change that cannot be judged is found by going one by one, and set aside: the others go
        on. Raises psycopg.Error where it is not the change: the database goes away, or is not the
        one of this program.
        """
        try:
            done = await self._step(1 if self._one_by_one else None)
        except (_TooManyError, psycopg.errors.QueryCanceled):
            return await self._whole()
        except UNJUDGED as error:
            log.error("screening failed", error=type(error).__name__, state=error.sqlstate)
            if not self._one_by_one:
                self._one_by_one = self._most
            else:
                await self._set_aside()
            return Stepped(0, False, 0, 0, 0, 0, None, 0.0)
        self._one_by_one = max(0, self._one_by_one - 1)
        return done

    async def _step(self, only: int | None) -> Stepped | None:
        began = time.monotonic()
        async with as_caller(self._pool, self._caller, timeout_ms=STEP_MS) as connection:
            await connection.execute(Q["alone"])
            if not await value_of(connection, Q["waiting"]):
                return None
            ever = await value_of(connection, WHOLE["ever"])
            if not (ever or await value_of(connection, Q["rules"])):
                return None
            done = await self._some(connection, only, began) if ever else None
        return done if ever else await self._whole()

    async def _some(self, connection: Connection, only: int | None, began: float) -> Stepped | None:
        await connection.execute(Q["hold_rules"])
        taken = await self._take(connection, only)
        if taken is None:
            return None
        changes, oldest, is_slice = taken
        turned = bool(await value_of(connection, Q["turned"]))
        subjects, untouched = await self._judge(connection, turned)
        added, changed, ended = await self._write(connection, turned, untouched)
        await connection.execute(Q["clear"])
        lag = None if is_slice else await value_of(connection, Q["since"], {"oldest": oldest})
        seconds = round(time.monotonic() - began, 4)
        done = Stepped(changes, is_slice, subjects, added, changed, ended, lag, seconds)
        await self._keep(connection, done)
        return done

    async def _whole(self) -> Stepped | None:
        """The city as a whole: the first time, and where a step would concern most of it."""
        began = time.monotonic()
        try:
            done = await screen(
                self._pool, self._caller.person, cause=Cause("data", role=self._caller.role)
            )
        except Problem:
            return None
        seconds = round(time.monotonic() - began, 4)
        return Stepped(
            done.changes, False, 0, done.added, done.changed, done.removed, None, seconds
        )

    async def _take(
        self, connection: Connection, only: int | None
    ) -> tuple[int, object, bool] | None:
        """Changes of this step: how many, the time of the oldest, whether they are a slice."""
        await connection.execute(Q["clear"])
        row = await (await connection.execute(Q["take"], {"most": only or self._most})).fetchone()
        assert row is not None
        n, oldest, self._trying = row
        if n:
            return int(n), oldest, False
        n = await value_of(connection, Q["take_slice"], {"features": only or self._slice})
        return None if n is None else (int(n), None, True)

    async def _judge(
        self, connection: Connection, turned: bool
    ) -> tuple[int, set[tuple[str, str]]]:
        """How many subjects were judged, and which families on their layer nothing asked of."""
        await self._rules.look(connection)
        await connection.execute(Q["judge_again"], {"together": self._rules.together})
        await connection.execute(Q["count_again"])
        found = await (await connection.execute(Q["layers"])).fetchall()
        subjects: dict[str, int] = dict(found)
        if sum(subjects.values()) > self._whole_from:
            raise _TooManyError
        changed = {row[0] for row in await (await connection.execute(Q["changed"])).fetchall()}
        untouched = set() if turned else self._rules.untouched(changed)
        for statement in self._rules.about(set(subjects), untouched):
            insert = sql.SQL("{} {}").format(sql.SQL(WHOLE["columns"]), sql.SQL(statement.sql))
            await connection.execute(insert)
        await connection.execute(WHOLE["strongest"])
        return sum(subjects.values()), untouched

    async def _write(
        self, connection: Connection, turned: bool, untouched: set[tuple[str, str]]
    ) -> tuple[int, int, int]:
        compare = sql.SQL(WHOLE["compare"]).format(found=sql.SQL(WHOLE["found_of_touched"]))
        stay = {"families": [one[0] for one in untouched], "layers": [one[1] for one in untouched]}
        if not (await connection.execute(compare, stay)).rowcount:
            return 0, 0, 0
        if turned:
            await tell_rules_apart(connection, await groups_now(connection))
        split = await write_differences(connection, tell=True)
        added, changed, ended = (sum(row[n] for row in split) for n in (2, 3, 4))
        return added, changed, ended

    async def _keep(self, connection: Connection, done: Stepped) -> None:
        written = done.added + done.changed + done.ended
        values = asdict(done)
        row = await (await connection.execute(Q["keep"], values)).fetchone()
        assert row is not None
        if written:
            detail = {name: values[name] for name in ("changes", "added", "changed", "ended")}
            detail = {"step": row[0], "reason": "data", **detail}
            await connection.execute(WHOLE["record"], {"detail": Jsonb(detail), "rows": written})

    async def _set_aside(self) -> None:
        """The change that failed alone waits for the next screening of all; nothing is lost."""
        async with as_caller(self._pool, self._caller, timeout_ms=STEP_MS) as connection:
            await connection.execute(Q["alone"])
            if self._trying is not None:
                await connection.execute(Q["set_aside"], {"change": self._trying})
                return
            await connection.execute(Q["clear"])
            await connection.execute(Q["take_slice"], {"features": 1})
            await connection.execute(Q["set_aside_of_slice"])
            await connection.execute(Q["clear"])


async def value_of(
    connection: Connection, query: LiteralString, values: dict[str, Any] | None = None
) -> Any:
    """The first value of the one row that a query gives."""
    row = await (await connection.execute(query, values)).fetchone()
    assert row is not None
    return row[0]


async def all_steps(pool: Pool, person: str = "screener") -> dict[str, int | float]:
    """Step until nothing waits (pool of the worker's login); what the steps did together."""
    screener = Screener(pool, person=person)
    done = {"changes": 0, "added": 0, "changed": 0, "removed": 0, "seconds": 0.0}
    while step := await screener.step():
        for name, n in (
            ("changes", step.changes),
            ("added", step.added),
            ("changed", step.changed),
            ("removed", step.ended),
            ("seconds", step.seconds),
        ):
            done[name] = round(done[name] + n, 3)
    return done


async def drain(pool: Pool, settings: Settings) -> None:
    """What waits now."""
    await all_steps(pool)


async def keep_true(pool: Pool, settings: Settings) -> None:
    """Step whenever something was committed, for as long as the worker lives."""
    screener = Screener(pool)
    dsn = login_dsn(settings, "worker")
    async with await AsyncConnection.connect(dsn, autocommit=True) as notices:
        await notices.execute(Q["listen"])
        while True:
            while await screener.step():
                await asyncio.sleep(0)
            async for _ in notices.notifies(timeout=LOOK_S, stop_after=1):
                pass


@chore
async def forget_steps(pool: Pool, settings: Settings) -> None:
    """Steps of over a month ago are of no use."""
    async with as_caller(pool, SCREENER) as connection:
        await connection.execute(Q["forget_steps"])


companion("screener", run=keep_true, drain=drain)
