"""From checked rows to a new version of a dataset, in one transaction.

A reader sees the dataset before or after, never between; a process that dies leaves what was.
Everything here runs as the work role `import`, inside one transaction that the caller opened.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.intake.copying import BEGIN, END
from gridwarden.intake.freshness import fresh_as, kept_up
from gridwarden.intake.identity import known_again
from gridwarden.intake.outcome import Outcome, Target, said
from gridwarden.intake.rows import Checked, columns_of
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake", "publish.sql")
COMPARE = queries(__package__ or "gridwarden.intake", "compare.sql")
Connection = AsyncConnection[TupleRow]
Progress = Callable[[int], Awaitable[None]]
UNASKED = 10
"""One row in so many of a dataset may go without anybody being asked."""
BULK = 10_000
"""Rows of a file from which on an empty layer's indexes are made after it."""
CHANGES_KEPT = 5_000
"""Changes of one dry run that are kept to be looked at."""


class Publication:
    """One import's statements on one connection."""

    def __init__(self, connection: Connection, target: Target) -> None:
        self.c = connection
        self.target = target
        self.outcome = Outcome()
        self.table = sql.Identifier("data", target.layer.id)
        self.columns = columns_of(target.layer)
        self.stored = ("org_id", *self.columns)

    async def run(self, batches: Iterator[Checked], progress: Progress) -> Outcome:
        """Stage, compare, and publish or (dry run) only tell. Raises what the reader raises."""
        await self._begin()
        await self._stage(batches, progress)
        await self._place()
        await self._execute("twice", field=self.target.id_field)
        row = await self._one("good")
        self.outcome.rows_good, self.outcome.repaired = row
        self.outcome.reasons, self.outcome.quarantined = await self._one("reasons")
        if self.outcome.rows_good == 0:
            return self._nothing_fits()
        dataset_id, org_id, version = await self._dataset()
        await self._organisations(self.target.org_id or org_id)
        await self._publish(dataset_id, version)
        return self.outcome

    async def _begin(self) -> None:
        """Tables for the rows, and nothing left of an earlier try."""
        for name in ("forget_rejects", "forget_matches", "forget_changes"):
            await self._execute(name)
        await self._execute("staging", layer=self.target.layer.id, columns=list(self.stored))

    async def _stage(self, batches: Iterator[Checked], progress: Progress) -> None:
        into = sql.SQL(Q["copy"]).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, self.columns))
        )
        async with aclosing(_ahead(batches)) as coming:
            async for checked in coming:
                self.outcome.rows_in += checked.read
                self.outcome.rows_left_out += checked.left_out
                async with self.c.cursor().copy(into) as copy:
                    for piece in (BEGIN, checked.good.copied(), END):
                        await copy.write(piece)
                if checked.rejects:
                    async with self.c.cursor().copy(Q["reject"]) as copy:
                        for reject in checked.rejects:
                            await copy.write_row((self.target.import_id, *reject))
                if checked.nameless:
                    async with self.c.cursor().copy(Q["refused"]) as copy:
                        for shape in checked.nameless:
                            await copy.write_row(shape)
                await progress(self.outcome.rows_in)

    async def _place(self) -> None:
        """Rows without a shape stand where what they name stands; who names nothing that is there
        goes to quarantine."""
        for column, other in self.target.layer.placed_by:
            names = {"column": sql.Identifier(column), "other": sql.Identifier("data", other)}
            await self.c.execute(sql.SQL(Q["placed"]).format(**names))
        if self.target.layer.placed_by:
            named = [sql.Identifier(column) for column, _ in self.target.layer.placed_by]
            statement = sql.SQL(Q["unplaced"]).format(
                named=sql.SQL(", ").join(sql.SQL("s.") + one for one in named)
            )
            values = {"id": self.target.import_id, "field": self.target.layer.placed_by[-1][0]}
            await self.c.execute(statement, values)

    async def _publish(self, dataset_id: int, version: int) -> None:
        """Compare what is staged with the dataset, of which the lock is held, and write what
        differs."""
        there = sql.SQL(COMPARE["there"]).format(layer=self.table)
        before = (await self._one(there, dataset_id=dataset_id))[0]
        if self.target.partial:
            self.outcome.notes.append("only_rejects")
        # Of a dataset without rows nothing is compared: all rows are new.
        first = not before and not self.target.dry_run and self.target.rollback_to is None
        if first:
            self.outcome.added, self.outcome.matched = self.outcome.rows_good, 0
            self.outcome.changed = self.outcome.removed = self.outcome.kept = 0
        else:
            await self._compare(dataset_id)
        self.outcome.version = version
        counts = (self.outcome.added, self.outcome.changed, self.outcome.removed)
        held = self._held(before)
        self._as_shown()
        if self.target.dry_run or held:
            await self._keep_changes()
        if self.target.dry_run:
            self.outcome.state = "checked"
            if held:
                self.outcome.notes.append(f"would_hold:{self.outcome.removed}")
        elif held:
            self.outcome.state, self.outcome.say = "held", said(held)
        elif not any(counts) and version:
            self.outcome.state = "unchanged"
            await kept_up(self.c, self.target, dataset_id, unchanged=True)
        else:
            await self._write(dataset_id, all_new=first)
            await kept_up(self.c, self.target, dataset_id, unchanged=False)
            self.outcome.state = "published"

    def _held(self, there: int) -> Problem | None:
        """Why the version has to wait: too much would go, and nobody has said that number.

        A file that was cut short looks like a city that was torn down.
        """
        goes = self.outcome.removed or 0
        if goes * UNASKED <= there or goes == self.target.remove:
            return None
        back = self.target.rollback_to is not None
        return Problem(
            "held",
            "nothing_lost.held" if back else "intake.held",
            field="remove",
            version=self.target.rollback_to,
            n=goes,
            there=there,
            dataset=self.target.dataset,
            id=self.target.import_id,
        )

    async def _dataset(self) -> tuple[int, int | None, int]:
        """The dataset's id (0 when a dry run finds none), organisation and version."""
        names = {"layer": self.target.layer.id, "dataset": self.target.dataset}
        if self.target.dry_run:
            row = await (await self.c.execute(Q["dataset_there"], names)).fetchone()
        else:
            promise = {"update_days": self.target.layer.update_days}
            await self.c.execute(Q["dataset_made"], names | promise)
            row = await (await self.c.execute(Q["dataset_held"], names)).fetchone()
            assert row is not None
        number, owner, version = row or (0, None, 0)
        # it may have become another company's since the file was brought
        if owner is not None and self.target.org_id is not None and owner != self.target.org_id:
            raise Problem("forbidden", "intake.other_owner", field="dataset")
        return number, owner, version

    async def _organisations(self, org_id: int | None) -> None:
        """Whose each row is: the dataset's organisation, or the operator that the row names."""
        if org_id is not None:
            await self._execute("org_all", org=org_id)
        elif any(c.name == "operator" for c in self.target.layer.columns):
            await self._execute("org_by_operator")
            orphans = (await self._one("without_org"))[0]
            if orphans and self.target.layer.secret:
                self.outcome.notes.append(f"without_org:{orphans}")

    async def _compare(self, dataset_id: int) -> None:
        """Fill `pg_temp.difference`; of rows without an identity find out first who they are."""
        await self._execute("staging_ready")
        back = self.target.rollback_to is not None
        if dataset_id and not back:
            self.outcome.matched = await known_again(
                self.c, self.target, dataset_id, [c for c in self._compared if c != "org_id"]
            )
        statement = sql.SQL(COMPARE["difference"]).format(
            layer=self.table, old=self._listed("d"), new=self._listed("s")
        )
        values = {"dataset_id": dataset_id, "id": self.target.import_id}
        values |= {"partial": self.target.partial, "exact": back}
        await self.c.execute(statement, values)
        row = await self._one("counts")
        self.outcome.added, self.outcome.changed, self.outcome.removed = row
        kept = sql.SQL(COMPARE["kept"]).format(layer=self.table)
        self.outcome.kept = (await self._one(kept, dataset_id=dataset_id))[0]

    @property
    def _compared(self) -> tuple[str, ...]:
        return tuple(c for c in self.stored if c not in ("source_id", "geom"))

    def _listed(self, table: str) -> sql.Composable:
        return sql.SQL(", ").join(sql.Identifier(table, c) for c in self._compared)

    async def _keep_changes(self) -> None:
        """Keep what would change, for somebody to look at before it does."""
        statement = sql.SQL(COMPARE["keep_changes"]).format(
            layer=self.table, old=self._listed("d"), new=self._listed("s")
        )
        await self.c.execute(statement, {"id": self.target.import_id, "limit": CHANGES_KEPT})

    def _as_shown(self) -> None:
        """Raises Problem `conflict` when this is not what the dry run has shown."""
        expects = self.target.expects
        if expects and any(getattr(self.outcome, name) != n for name, n in expects.items()):
            raise Problem("conflict", "nothing_lost.moved_on", dataset=self.target.dataset)

    async def _write(self, dataset_id: int, *, all_new: bool) -> None:
        """What is gone, altered and new, each in one statement, and the version."""
        out, target = self.outcome, self.target
        # Into an empty layer an index is made after its rows: row by row it costs thrice as much.
        put_off = all_new and (out.added or 0) > BULK
        if put_off:
            await self._execute("put_off", layer=target.layer.id)
        for name, rows in (("gone", out.removed), ("altered", out.changed), ("new", out.added)):
            if rows:
                statement = self._statement(name)
                await self.c.execute(statement, {"dataset_id": dataset_id, "all": all_new})
        if put_off:
            await self._execute("make_put_off")
        await self._versioned(dataset_id)

    def _statement(self, name: str) -> sql.Composed:
        # A row that comes back from an earlier version goes on under its own id.
        back = self.target.rollback_to is not None
        return sql.SQL(Q[name]).format(
            layer=self.table,
            assignments=sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(c), sql.Identifier("n", c))
                for c in self.stored
            ),
            columns=sql.SQL(", ").join(map(sql.Identifier, self.stored)),
            values=sql.SQL(", ").join(sql.Identifier("n", c) for c in self.stored),
            again=sql.SQL("id, version, " if back else ""),
            overriding=sql.SQL("overriding system value" if back else ""),
            again_values=sql.SQL("n.feature_id, n.feature_version, " if back else ""),
        )

    async def _versioned(self, dataset_id: int) -> None:
        out, target = self.outcome, self.target
        self.outcome.version = (
            await self._one(
                "versioned",
                dataset_id=dataset_id,
                org=target.org_id,
                crs=target.crs,
                partial=target.partial,
                source=target.source,
                person=target.person,
                added=out.added,
                changed=out.changed,
                removed=out.removed,
                rolled_back_to=target.rollback_to,
                **await fresh_as(self.c, target),
            )
        )[0]
        await self._execute("superseded", layer=target.layer.id, dataset=target.dataset)

    def _nothing_fits(self) -> Outcome:
        """No row can be taken: the dataset stays as it is rather than being emptied."""
        self.outcome.state = "failed"
        problem = Problem(
            "refused",
            "intake.no_row_fits" if self.outcome.quarantined else "intake.no_rows",
            field="file",
            n=self.outcome.quarantined,
        )
        self.outcome.say = said(problem)
        return self.outcome

    async def _execute(self, name: str, **values: Any) -> None:
        await self.c.execute(self._named(name), {"id": self.target.import_id, **values})

    @staticmethod
    def _named(name: str) -> LiteralString:
        return Q.get(name) or COMPARE[name]

    async def _one(self, statement: str | sql.Composed, **values: Any) -> TupleRow:
        query = self._named(statement) if isinstance(statement, str) else statement
        cursor = await self.c.execute(query, {"id": self.target.import_id, **values})
        row = await cursor.fetchone()
        assert row is not None
        return row


async def _ahead(batches: Iterator[Checked]) -> AsyncGenerator[Checked, None]:
    """The batches, read and checked in one thread of their own while the last one is copied."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = loop.run_in_executor(thread, next, batches, None)
        try:
            while (checked := await coming) is not None:
                coming = loop.run_in_executor(thread, next, batches, None)
                yield checked
        finally:
            close = getattr(batches, "close", None)
            if close is not None:
                await loop.run_in_executor(thread, close)
