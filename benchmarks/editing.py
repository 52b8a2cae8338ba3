"""What an edit costs until the map is true again, beside looking anew and beside a full screen.

CPU seconds of client and cluster together, of the screener's steps alone: the edit itself costs
whoever makes it the same. Nobody else edits meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from benchmarks.ground import owner_pool, postmaster
from benchmarks.measuring import Figures, Row, Way, interleaved, median, number, spread
from benchmarks.processes import Stopwatch
from benchmarks.screening import Bench, bench_of, names
from gridwarden.database import open_pool, queries
from gridwarden.screening.screen import screen
from gridwarden.screening.screener import Screener
from gridwarden.settings import Settings

Q = queries("benchmarks", "editing.sql")
NEAR = queries("benchmarks", "screening.sql")
MANY = 1_000
FULL = "Gridwarden: full screen of everything"
ONE = "Gridwarden: 1 edited building"


@dataclass
class Nudge:
    """Features of a layer that are moved 5 cm to and fro."""

    layer: str
    ids: list[int]
    by: float = 0.05

    def values(self) -> dict[str, object]:
        """The next move's."""
        self.by = -self.by
        return {"ids": self.ids, "by": self.by}


async def run(settings: Settings, rounds: int, city: str) -> list[Row]:
    """Edit the city that is loaded, `city` by name."""
    worker = await open_pool(settings, "worker")
    try:
        async with owner_pool(settings) as owner:
            bench = await bench_of(worker, owner, postmaster(settings), settings)
            screener = Screener(worker)
            while await screener.step():
                pass
            whole = [await _full(bench)]
            ways = {
                ONE: _edit(bench, screener, await _some(bench, "buildings", 1)),
                f"Gridwarden: {MANY:,} edited buildings": _edit(
                    bench, screener, await _some(bench, "buildings", MANY)
                ),
                "Gridwarden: 1 edited main": _edit(
                    bench, screener, await _some(bench, "gas_pipelines", 1)
                ),
                "ST_DWithin on whole mains, that building alone": _naive(
                    bench, await _some(bench, "buildings", 1)
                ),
            }
            runs: Mapping[str, list[Figures]] = await interleaved(ways, rounds) | {FULL: whole}
    finally:
        await worker.close()
    base = median(runs[ONE], "cpu")
    return [
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


async def _some(bench: Bench, layer: str, count: int) -> Nudge:
    name = "some" if layer == "buildings" else "some_mains"
    async with bench.owner.connection() as c:
        row = await (await c.execute(Q[name], {"count": count})).fetchone()
    assert row is not None
    return Nudge(layer, list(row[0]))


def _edit(bench: Bench, screener: Screener, nudge: Nudge) -> Way:
    table = sql.Identifier("data", nudge.layer)

    async def measured() -> Figures:
        async with bench.owner.connection() as c:
            await c.execute(sql.SQL(Q["nudge"]).format(layer=table), nudge.values())
        watch, seen = Stopwatch(bench.postmaster), 0
        while done := await screener.step():
            seen += done.changes
        if seen != len(nudge.ids):
            raise AssertionError(f"{seen} changes screened, not {len(nudge.ids)}")
        return watch.read()

    return measured


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
