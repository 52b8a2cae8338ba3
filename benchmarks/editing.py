"""What an edit costs until the map is true again, beside looking anew and beside a full screen.

CPU seconds of client and cluster together, of the screener's steps alone: the edit itself costs
whoever makes it the same. Nobody else edits meanwhile. Statements are planned beforehand, as in a
worker. Besides, how long after its commit an edit's findings are written by a worker that listens.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from benchmarks.ground import owner_pool, postmaster
from benchmarks.measuring import Figures, Row, Way, interleaved, median, number, spread
from benchmarks.processes import Stopwatch
from benchmarks.screening import Bench, bench_of, names
from gridwarden.database import open_pool, queries
from gridwarden.screening.screen import screen
from gridwarden.screening.screener import Screener, keep_true
from gridwarden.settings import Settings

Q = queries("benchmarks", "editing.sql")
NEAR = queries("benchmarks", "screening.sql")
MANY = 1_000
SINGLE = 20
"""Single edits of one run, one after the other: one alone is less than the clock can tell."""
EDITED = ("buildings", "gas_pipelines", "charging_sheds", "construction_sites")
WAITS = 200
FULL = "Gridwarden: full screen of everything"
ONE = "Gridwarden: 1 edited building"


@dataclass
class Nudge:
    """Features of a layer that are moved 5 cm to and fro."""

    layer: str
    ids: list[int]
    together: int = 1
    """How many at once."""
    by: float = 0.05
    at: int = 0

    def values(self) -> dict[str, object]:
        """The next move's: the next of them, and all back again after the last."""
        if self.at == 0:
            self.by = -self.by
        ids = self.ids[self.at : self.at + self.together]
        self.at = (self.at + self.together) % len(self.ids)
        return {"ids": ids, "by": self.by}


async def run(settings: Settings, rounds: int, city: str) -> list[Row]:
    """Edit the city that is loaded, `city` by name."""
    # as `keep_true`: the screener has one connection of its own, on which statements stay planned
    alone = settings.model_copy(update={"worker_connections": 1})
    worker = await open_pool(alone, "worker")
    try:
        async with owner_pool(settings) as owner:
            bench = await bench_of(worker, owner, postmaster(settings), settings)
            screener = Screener(worker)
            await screener.ready()
            while await screener.step():
                pass
            whole = [await _full(bench)]
            waited = await _waited(bench)
            ways = {
                ONE: _edit(bench, screener, await _some(bench, "buildings", SINGLE)),
                f"Gridwarden: {MANY:,} edited buildings": _edit(
                    bench, screener, await _some(bench, "buildings", MANY, MANY)
                ),
                "Gridwarden: 1 edited main": _edit(
                    bench, screener, await _some(bench, "gas_pipelines", SINGLE)
                ),
                "ST_DWithin on whole mains, that building alone": _naive(
                    bench, await _some(bench, "buildings", 1)
                ),
            }
            runs: Mapping[str, list[Figures]] = await interleaved(ways, rounds) | {FULL: whole}
    finally:
        await worker.close()
    base = median(runs[ONE], "cpu")
    waits = sorted(one["wall"] * 1e3 for one in waited)
    lag = Row(
        f"an edit, {city}: from its commit until its findings are written (ms)",
        f"{WAITS} edits of {len(EDITED)} layers, one after the other, a worker listening",
        number(waits[len(waits) // 2]),
        f"{number(waits[0])} – {number(waits[-1])}",
        None,
        f"p95 {number(waits[int(len(waits) * 0.95)])} ms",
        amount=waits[len(waits) // 2],
    )
    return [lag] + [
        Row(
            f"an edit, {city}: screened again (CPU ms)",
            way,
            number(median(figures, "cpu") * 1e3),
            spread([{"cpu": one["cpu"] * 1e3} for one in figures], "cpu"),
            median(figures, "cpu") / base,
            f"wall {number(median(figures, 'wall') * 1e3)} ms",
            amount=median(figures, "cpu") * 1e3,
        )
        for way, figures in runs.items()
    ]


async def _some(bench: Bench, layer: str, count: int, together: int = 1) -> Nudge:
    table = sql.Identifier("data", layer)
    async with bench.owner.connection() as c:
        found = await c.execute(sql.SQL(Q["some"]).format(layer=table), {"count": count})
        row = await found.fetchone()
    assert row is not None
    return Nudge(layer, list(row[0]), together)


def _edit(bench: Bench, screener: Screener, nudge: Nudge) -> Way:
    table = sql.Identifier("data", nudge.layer)

    async def measured() -> Figures:
        edits = len(nudge.ids) // nudge.together
        total: Figures = {}
        async with bench.owner.connection() as c:
            for _ in range(edits):
                await c.execute(sql.SQL(Q["nudge"]).format(layer=table), nudge.values())
                watch, seen = Stopwatch(bench.postmaster, rest_s=0.0), 0
                while done := await screener.step():
                    seen += done.changes
                if seen != nudge.together:
                    raise AssertionError(f"{seen} changes screened, not {nudge.together}")
                for name, value in watch.read().items():
                    total[name] = total.get(name, 0.0) + value / edits
        return total

    return measured


async def _waited(bench: Bench) -> list[Figures]:
    """Edits of many layers one after the other, beside a worker's screener that listens."""
    working = asyncio.create_task(keep_true(bench.worker, bench.settings))
    try:
        each = WAITS // len(EDITED) // 2  # there and back
        kinds = cycle([await _some(bench, layer, each) for layer in EDITED])
        async with bench.owner.connection() as c:
            await _until_seen(c)
            await asyncio.sleep(5)  # it has composed its statements
            return [await _one_wait(c, next(kinds)) for _ in range(WAITS)]
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def _one_wait(c: AsyncConnection[TupleRow], nudge: Nudge) -> Figures:
    table = sql.Identifier("data", nudge.layer)
    await c.execute(sql.SQL(Q["nudge"]).format(layer=table), nudge.values())
    began = time.perf_counter()
    await _until_seen(c)
    return {"wall": time.perf_counter() - began}


async def _until_seen(c: AsyncConnection[TupleRow]) -> None:
    while (row := await (await c.execute(Q["waiting"])).fetchone()) and row[0]:
        await asyncio.sleep(0.002)


def _naive(bench: Bench, nudge: Nudge) -> Way:
    """As `_edit`, of the one rule that most would write."""
    one = next(one for one in bench.statements if one.layer == nudge.layer)

    async def measured() -> Figures:
        async with bench.owner.connection() as c:
            watch = Stopwatch(bench.postmaster)
            near = sql.SQL(NEAR["near_one"]).format(**names(one))
            await c.execute(near, {"ids": nudge.ids})
            return watch.read()

    return measured


async def _full(bench: Bench) -> Figures:
    watch = Stopwatch(bench.postmaster)
    done = await screen(bench.worker, "bench")
    figures = watch.read()
    if done.added or done.changed or done.removed:
        raise AssertionError(f"steps left {done.added + done.changed + done.removed} differences")
    return figures
