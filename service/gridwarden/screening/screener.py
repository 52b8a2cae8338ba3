"""The map kept true: every change is screened as soon as it is committed, by one screener.

A step is one transaction: it takes the waiting changes out of the queue, judges again whom they
concern, and writes only what differs; what a step does not see stays in the queue. Killed in the
middle, it did nothing, and the next one does it. Statements of over 10,000 rows are taken in
slices while nothing small waits, so that a large import does not hold up a small edit.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, open_pool
from gridwarden.database.cluster import login_dsn
from gridwarden.jobs import chore, companion
from gridwarden.screening.rulebook import Connection, Q, Rulebook, planned_once
from gridwarden.screening.screen import (
    Cause,
    screen,
    tell_rules_apart,
    write_differences,
)
from gridwarden.screening.screen import Q as WHOLE
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from gridwarden.words.telling import log

SCREENER = Caller("screen", "screener")
STEP_MS = 600_000
MOST = 1_000
"""Changes in one step."""
SLICE = 5_000
"""Features in one slice of a large statement."""
FEW = 100
"""Changes up to which a step's statements are those planned before."""
MANY_AGAIN = 5_000
"""Subjects from which on the planner is told how many there are, and afterwards that there are
none; the next small edit waits for its statements to be planned anew then."""
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
        one of this program, or a city that was never screened holds what cannot be judged.
        """
        try:
            try:
                done = await self._step(1 if self._one_by_one else None)
            except (_TooManyError, psycopg.errors.QueryCanceled):
                return await self._whole()
        except UNJUDGED as error:
            log.error("screening failed", error=type(error).__name__, state=error.sqlstate)
            if not self._one_by_one:
                self._one_by_one = self._most
            elif not await self._set_aside():
                raise
            return Stepped(0, False, 0, 0, 0, 0, None, 0.0)
        self._one_by_one = max(0, self._one_by_one - 1)
        return done

    async def _step(self, only: int | None) -> Stepped | None:
        began, self._trying = time.monotonic(), None
        async with (
            as_caller(self._pool, self._caller, timeout_ms=STEP_MS) as connection,
            connection.pipeline(),  # statements wait for no answer but those that are read
        ):
            await connection.execute(Q["alone"])
            waiting, ever = await row_of(connection, Q["waiting"])
            if not waiting:
                return None
            done = await self._some(connection, only, began) if ever else None
        return done if ever else await self._whole()

    async def ready(self) -> None:
        """Have what judges composed and planned before an edit waits for it. Does nothing while the
        rules are those of the last time, or in a city that was never screened."""
        async with as_caller(self._pool, self._caller, timeout_ms=STEP_MS) as connection:
            await connection.execute(Q["alone"])
            if not await value_of(connection, WHOLE["ever"]):
                return
            _, _, *mark = await row_of(connection, Q["now"])
            if await self._rules.look(connection, mark):
                await connection.execute(Q["clear"])
                await connection.execute(
                    Q["count_again"]
                )  # none: a killed step may have told of many
                await connection.execute(Q["warm"])
                await self._rules.plan(connection)

    async def _some(self, connection: Connection, only: int | None, began: float) -> Stepped | None:
        await connection.execute(Q["hold_rules"])
        taken = await self._take(connection, only)
        if taken is None:
            return None
        changes, oldest, is_slice = taken
        with planned_once(connection, few=changes <= FEW):
            turned, changed, *mark = await row_of(connection, Q["now"])
            await self._rules.look(connection, mark)
            if not turned:
                self._rules.settled()
            subjects = await self._judge(connection, turned, set(changed))
            written = await self._write(connection, turned)
            await connection.execute(Q["clear"])
            if subjects > MANY_AGAIN:
                await connection.execute(Q["count_again"])
            values = {
                "changes": changes,
                "slice": is_slice,
                "subjects": subjects,
                **dict(zip(("added", "changed", "ended"), written, strict=True)),
                "seconds": round(time.monotonic() - began, 4),
            }
            return await self._keep(connection, values, None if is_slice else oldest)

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

    async def _judge(self, connection: Connection, turned: bool, changed: set[str]) -> int:
        """How many subjects were judged."""
        await self._rules.concern(connection, changed)
        if turned:
            await connection.execute(Q["for_all"])
        found = await (await connection.execute(Q["layers"])).fetchall()
        subjects: dict[str, int] = dict(found)
        many = sum(subjects.values())
        if many > self._whole_from:
            raise _TooManyError
        if many > MANY_AGAIN:
            await connection.execute(Q["count_again"])
        untouched = set() if turned else self._rules.untouched(changed)
        await self._rules.judge(connection, set(subjects), untouched)
        await connection.execute(WHOLE["strongest"])
        return many

    async def _write(self, connection: Connection, turned: bool) -> tuple[int, int, int]:
        compare = sql.SQL(WHOLE["compare"]).format(found=sql.SQL(WHOLE["found_of_touched"]))
        await connection.execute(compare, self._rules.looking())
        if turned and await value_of(connection, Q["differs"]):
            await tell_rules_apart(connection, await self._rules.turned(connection))
        split = await write_differences(connection, tell=True)
        added, changed, ended = (sum(row[n] for row in split) for n in (2, 3, 4))
        return added, changed, ended

    async def _keep(
        self, connection: Connection, values: dict[str, Any], oldest: object
    ) -> Stepped:
        number, lag = await row_of(connection, Q["keep"], values | {"oldest": oldest})
        done = Stepped(**values, lag_s=lag)
        written = done.added + done.changed + done.ended
        if written:
            detail = {name: values[name] for name in ("changes", "added", "changed", "ended")}
            detail = {"step": number, "reason": "data", **detail}
            await connection.execute(WHOLE["record"], {"detail": Jsonb(detail), "rows": written})
        return done

    async def _set_aside(self) -> bool:
        """The change that failed alone waits for the next screening of all; nothing is lost.

        False where there is none.
        """
        async with as_caller(self._pool, self._caller, timeout_ms=STEP_MS) as connection:
            await connection.execute(Q["alone"])
            if self._trying is not None:
                done = await connection.execute(Q["set_aside"], {"change": self._trying})
                return done.rowcount > 0
            await connection.execute(Q["clear"])
            await connection.execute(Q["take_slice"], {"features": 1})
            done = await connection.execute(Q["set_aside_of_slice"])
            await connection.execute(Q["clear"])
            return done.rowcount > 0


async def row_of(
    connection: Connection, query: LiteralString, values: dict[str, Any] | None = None
) -> TupleRow:
    """The one row that a query gives."""
    row = await (await connection.execute(query, values)).fetchone()
    assert row is not None
    return row


async def value_of(
    connection: Connection, query: LiteralString, values: dict[str, Any] | None = None
) -> Any:
    """The first value of the one row that a query gives."""
    return (await row_of(connection, query, values))[0]


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
    """Step whenever something was committed, for as long as the worker lives.

    On a connection of its own: the statements of every rule stay planned on it.
    """
    alone = await open_pool(settings.model_copy(update={"worker_connections": 1}), "worker")
    try:
        screener = Screener(alone)
        async with await AsyncConnection.connect(
            login_dsn(settings, "worker"), autocommit=True
        ) as notices:
            await notices.execute(Q["listen"])
            while True:
                await screener.ready()
                while await screener.step():
                    await asyncio.sleep(0)
                async for _ in notices.notifies(timeout=LOOK_S, stop_after=1):
                    pass
    finally:
        await alone.close()


@chore
async def forget_steps(pool: Pool, settings: Settings) -> None:
    """Steps of over a month ago are of no use."""
    async with as_caller(pool, SCREENER) as connection:
        await connection.execute(Q["forget_steps"])


companion("screener", run=keep_true, drain=drain)
