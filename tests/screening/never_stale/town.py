"""A town on a real database: people who write to it, and a screener that is stopped and killed."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from conftest import owner
from gridwarden.database import accounts, cluster, open_pool, queries
from gridwarden.rules.normal import normal
from gridwarden.rules.reading import LoadedPack
from gridwarden.screening import screen
from gridwarden.screening.screen import Cause
from gridwarden.screening.screen import Q as WHOLE
from gridwarden.screening.screener import Q as STEP
from gridwarden.screening.screener import Screener
from gridwarden.settings import Settings

from .ground import DATASETS, SHAPES, Act, Connection

Q = queries(__name__.rpartition(".")[0], "truth.sql")
WRITERS = 4
WAIT = "40ms"
"""So long a writer waits for another. All are moved by one hand: else it would wait for ever."""
EMPTY = (
    "history", "change", "change_seen", "again", "judged", "difference", "finding", "finding_exact",
    "finding_past", "event", "main_piece", "screen_step", "screening", "screening_count",
)  # fmt: skip
BULK_FROM = 3
BRIEF = ("rule", "counterpart", "counterpart_id", "distance", "required", "accuracy", "certainty")
RIGHT = ("waiting", "left_over", "twice", "without_evidence", "past_in_disorder", "told_wrongly")
MARKS = "select array_agg(m::text order by m::text) from data.judging_marks() m"


class Town:
    """A city's database, its writers, its screener."""

    screener_of: Callable[..., Screener] = Screener

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.loop = asyncio.new_event_loop()
        self.pool = self.loop.run_until_complete(open_pool(settings, "worker"))
        self.writers = [cluster.connect_owner(settings) for _ in range(WRITERS)]
        self.root = accounts.connect_superuser(settings, "gridwarden")
        self.root.autocommit = True
        self.holder = accounts.connect_superuser(settings, "gridwarden")
        self.judge = accounts.connect_superuser(settings, "gridwarden")
        self.judge.execute("set jit = off")
        for one in (*self.writers, self.holder):
            one.autocommit = False
        self.screener = self.screener_of(self.pool)
        self.rulebook = self.screener._rules
        self.compiled: tuple[object, list[str]] = None, []
        self.pending: list[Cause] = []
        self._prepare()

    def _prepare(self) -> None:
        body = self.rows("select pg_get_functiondef('data.remember()'::regprocedure)")[0][0]
        assert "bulk_from constant bigint := 10000" in body
        self.root.execute(body.replace(":= 10000", f":= {BULK_FROM}"))
        for layer in SHAPES:
            for name in DATASETS:
                self.root.execute(
                    "insert into data.dataset (layer, name, version) values (%s, %s, 1)"
                    " on conflict do nothing",
                    (layer, name),
                )
        self.whole()
        self.marks: object = self.root.execute(MARKS).fetchone()

    def close(self) -> None:
        """Nobody is left connected."""
        for one in (*self.writers, self.root, self.holder, self.judge):
            one.close()
        self.loop.run_until_complete(self.pool.close())
        self.loop.close()

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Rows of any statement, in a transaction of its own, whoever may see them."""
        cursor = self.root.execute(statement, values)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []

    def empty(self) -> None:
        """As it was before anybody wrote to it, with the rules that a city begins with."""
        for one in (*self.writers, self.holder):
            one.rollback()
        self.pending.clear()
        self.withdraw()
        if self.pending:
            self.rules_screen()
        tables = sql.SQL(", ").join(sql.Identifier("data", t) for t in (*SHAPES, *EMPTY))
        with self.root.transaction():
            self.root.execute("set local session_replication_role = replica")
            self.root.execute(sql.SQL("truncate {}").format(tables))
            self.root.execute("update data.dataset set crs = null where crs = 'bd09'")
            self.root.execute("delete from data.dataset_version")
            self.root.execute("delete from data.dataset where name <> all (%s)", (list(DATASETS),))
        self.screener = self.another()

    def another(self, **sizes: int) -> Screener:
        """A screener that shares nothing with others but the statements: they take long to make."""
        one = self.screener_of(self.pool, **sizes)
        one._rules = self.rulebook
        return one

    # ------------------------------------------------------------------------ writers
    def write(self, writer: int, *acts: Act) -> bool:
        """In a transaction that stays open. False when somebody else was in the way."""
        c = self.begun(writer)
        return all(self._try(c, act) for act in acts)

    def begun(self, writer: int) -> Connection:
        """The writer's connection, in a transaction that only `commit` and `roll_back` end."""
        c = self.writers[writer]
        if c.info.transaction_status == TransactionStatus.IDLE:
            c.execute("select")
        return c

    def _try(self, c: Connection, act: Act) -> bool:
        try:
            with c.transaction():
                c.execute(f"set local lock_timeout = '{WAIT}'")
                act.do(c)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            return False
        return True

    def commit(self, writer: int) -> None:
        """What the writer did is there for all."""
        self.writers[writer].commit()

    def roll_back(self, writer: int) -> None:
        """What the writer did never was."""
        self.writers[writer].rollback()

    def at_once(self, *acts: Act) -> None:
        """Each committed by itself."""
        for act in acts:
            self._try(self.root, act)

    # ------------------------------------------------------------------------ rules
    def publish(self, pack: LoadedPack) -> None:
        """A version in force; its screening waits as a job of the queue would."""
        values = (json.dumps(normal(pack)), json.dumps(dict(pack.documents)))
        self._turn("select api.publish_rules(%s::jsonb, %s::jsonb)", values)

    def withdraw(self) -> None:
        """The city's own packs are in force no more."""
        if not self.rows("select 1 from data.rule_pack where in_force and not base"):
            return
        self._turn(
            "with w as (update data.rule_pack set withdrawn_at = clock_timestamp()"
            " where not base and withdrawn_at is null returning 1) select count(*) from w",
        )

    def _turn(self, statement: str, values: Sequence[object] = ()) -> None:
        try:
            with owner(self.settings) as c, c.transaction():
                c.execute(f"set local lock_timeout = '{WAIT}'")
                c.execute("select pg_advisory_xact_lock(hashtext('gridwarden rules'))")
                c.execute(statement, values)  # type: ignore[arg-type]
                c.execute("select data.turn_rules()")
                marks = c.execute(MARKS).fetchone()
            if marks != self.marks:
                self.pending.append(Cause("rules"))
                self.marks = marks
        except psycopg.errors.LockNotAvailable:
            pass  # somebody writes mains of a new kind at this moment

    def rules_screen(self) -> None:
        """The next screening that a publication asked for."""
        if self.pending:
            self.whole(self.pending.pop(0))

    # ------------------------------------------------------------------------ screener
    def whole(self, cause: Cause | None = None) -> None:
        """A screening of all, or of what the rules changed."""
        self.loop.run_until_complete(screen(self.pool, "tester", cause=cause or Cause()))

    def step(self, **sizes: int) -> bool:
        """One step, at most so large; whether there was anything to do."""
        screener = self.another(**sizes) if sizes else self.screener
        return self.loop.run_until_complete(screener.step()) is not None

    def two_at_once(self, whole: bool) -> None:
        """Two screeners that know nothing of each other, or one and a screening of all."""

        async def both() -> None:
            other = screen(self.pool, "tester") if whole else self.another().step()
            await asyncio.gather(other, self.screener.step())

        self.loop.run_until_complete(both())

    def stopped_at(
        self, table: str, meanwhile: Callable[[], object], end: str = "", whole: bool = False
    ) -> bool:
        """A step that stands still before it reads or writes `table`, while something happens.

        Then it goes on, or is ended: "cancelled" as a statement (which may make it judge the whole
        city instead), or "killed" as a connection.
        Returns whether it came there at all.
        """
        try:
            self.holder.execute(f"set local lock_timeout = '{WAIT}'")  # type: ignore[arg-type]
            self.holder.execute(
                sql.SQL("lock table {} in access exclusive mode").format(
                    sql.Identifier("data", table)
                )
            )
        except psycopg.errors.LockNotAvailable:
            self.holder.rollback()
            self.step()
            return False
        work = screen(self.pool, "tester") if whole else self.screener.step()
        task = self.loop.create_task(work)  # type: ignore[arg-type]
        try:
            stands = self.loop.run_until_complete(self._stands(task))
            meanwhile()
            if stands and end:
                how = "pg_terminate_backend" if end == "killed" else "pg_cancel_backend"
                for pid in stands:
                    self.rows(f"select {how}(%s)", (pid,))
        finally:
            if not (end == "killed" and stands):
                self.holder.rollback()
        try:
            self.loop.run_until_complete(task)
            assert not (stands and end == "killed")
        except psycopg.OperationalError:
            assert stands and end
        finally:
            self.holder.rollback()
        return bool(stands)

    async def _stands(self, task: "asyncio.Task[Any]") -> list[int]:
        """Who waits for the holder; nobody when the task ends before."""
        me = self.holder.info.backend_pid
        query = "select pid from pg_stat_activity where %s = any (pg_blocking_pids(pid))"
        while not task.done():
            await asyncio.sleep(0.002)
            stands = [row[0] for row in self.rows(query, (me,))]
            if stands:
                return stands
        return []

    def drain(self) -> None:
        """All that waits."""
        while self.pending:
            self.rules_screen()
        for _ in range(10_000):
            if not self.step():
                return
        raise AssertionError("the queue never ends")

    # ------------------------------------------------------------------------ truth
    def check(self) -> None:
        """Come to rest: findings are those of a fresh screening, each once, and so was it told."""
        for one in range(WRITERS):
            self.commit(one)
        self.drain()
        found = {name: self.rows(Q[name]) for name in RIGHT}
        found["stale"] = self.differences()
        wrong = {name: rows for name, rows in found.items() if rows}
        assert not wrong, wrong

    def _statements(self, c: Connection) -> list[str]:
        """What judges all, made anew where what it is made of has changed."""
        mark = (c.execute(STEP["now"]).fetchone() or ())[2:]
        if mark != self.compiled[0]:
            made = c.execute("select sql from data.statements()").fetchall()
            self.compiled = mark, [row[0] for row in made]
        return self.compiled[1]

    def differences(self) -> list[str]:
        """Where the findings are not those of a fresh screening, in words."""
        c = self.judge
        with c.transaction(force_rollback=True), c.cursor(row_factory=dict_row) as cursor:
            c.execute("delete from data.judged")
            for statement in self._statements(c):
                # prepared: most of the time would go into planning the same again
                c.execute(f"{Q['judge']} {statement}", prepare=True)
            c.execute(WHOLE["strongest"])
            c.execute("set local enable_nestloop = off")
            return [_told(row) for row in cursor.execute(Q["differences"]).fetchall()]


def _told(row: dict[str, Any]) -> str:
    there, fresh = row["there"], row["fresh"]
    key = f"{row['family']} · {row['layer']} {row['subject_id']} main {row['main_id']}: "
    if there is None or fresh is None:
        one = there or fresh
        brief = {name: one[name] for name in BRIEF}
        return key + ("there, and should not be " if there else "missing ") + str(brief)
    return key + ", ".join(
        f"{name} is {there[name]}, should be {fresh[name]}"
        for name in there
        if there[name] != fresh[name]
    )
