"""The screen's distance statements beside the join that most people write, and beside geopandas.

All find the same pairs (checked first). CPU seconds of client and cluster together: the machine's
other work does not count, and two workers are no cheaper than one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas
import numpy as np
import shapely
from psycopg import sql
from sqlalchemy import Engine, create_engine

from benchmarks.ground import owner_pool, postmaster
from benchmarks.measuring import Figures, Row, Way, interleaved, median, number, spread
from benchmarks.processes import Stopwatch
from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.database.cluster import owner_url
from gridwarden.rules import Statement, compiled
from gridwarden.screening.screen import Q as SCREEN
from gridwarden.screening.screen import screen
from gridwarden.settings import Settings

Q = queries("benchmarks", "screening.sql")
SCREENER = Caller("screen", "bench")
HOUR_MS = 3_600_000
Pairs = set[tuple[str, int, int]]
FAMILIES = ("main_encroachment", "shed_near_main", "site_near_main")
"""Families whose rules know no condition but the main's own: one distance a main and layer."""


@dataclass(frozen=True)
class Bench:
    """The statements, and who may run them."""

    worker: Pool
    owner: Pool
    engine: Engine
    statements: tuple[Statement, ...]
    postmaster: int
    crs: int


def _names(statement: Statement) -> dict[str, sql.Composable]:
    return {
        "mains": sql.Identifier("bench", f"main_{statement.layer}"),
        "subject": sql.Identifier("data", statement.layer),
    }


async def run(settings: Settings, rounds: int, city: str) -> list[Row]:
    """Compare on the city that is loaded, `city` by name. Raises AssertionError when the pairs
    differ."""
    worker = await open_pool(settings, "worker")
    engine = create_engine(owner_url(settings))
    try:
        async with owner_pool(settings) as owner:
            async with as_caller(worker, SCREENER, HOUR_MS) as c:
                found = [one for one in await compiled(c) if one.family in FAMILIES]
            bench = Bench(worker, owner, engine, tuple(found), postmaster(settings), settings.crs)
            await _prepare(bench)
            pairs = await _same_pairs(bench)
            frames = _read(bench)
            runs = await interleaved(_ways(bench, frames), rounds)
    finally:
        engine.dispose()
        await worker.close()
    return _rows(runs, f"screen, {city}: {pairs:,} pairs (CPU s)")


def _ways(bench: Bench, frames: "Frames") -> dict[str, Way]:
    async def whole() -> Figures:
        return await _compiled(bench)

    async def pairs_alone() -> Figures:
        return await _compiled_pairs(bench)

    async def naive() -> Figures:
        return await _naive(bench)

    async def in_memory() -> Figures:
        watch = Stopwatch(bench.postmaster)
        _frame_pairs(frames)
        return watch.read()

    async def read_and_joined() -> Figures:
        watch = Stopwatch(bench.postmaster)
        _frame_pairs(_read(bench))
        return watch.read()

    async def everything() -> Figures:
        watch = Stopwatch(bench.postmaster)
        await screen(bench.worker, "bench")
        return watch.read()

    return {
        "Gridwarden: the pairs alone, on pieces": pairs_alone,
        "ST_DWithin on whole mains, a distance a row": naive,
        "geopandas sjoin(dwithin), frames in memory": in_memory,
        "geopandas, with reading the frames": read_and_joined,
        "Gridwarden: judged, with evidence and place": whole,
        "Gridwarden: whole screen, nothing changed": everything,
    }


def _rows(runs: Mapping[str, list[Figures]], part: str) -> list[Row]:
    base = median(runs["Gridwarden: the pairs alone, on pieces"], "cpu")
    return [
        Row(
            part,
            way,
            number(median(figures, "cpu")),
            spread(figures, "cpu"),
            median(figures, "cpu") / base,
            f"wall {number(median(figures, 'wall'))} s",
        )
        for way, figures in runs.items()
    ]


async def _prepare(bench: Bench) -> None:
    async with bench.owner.connection() as c:
        for statement in bench.statements:
            names = _names(statement)
            values = {"rules": list(statement.rule_ids)}
            await c.execute(sql.SQL(Q["mains"]).format(**names), values)
            await c.execute(sql.SQL(Q["mains_index"]).format(**names))
            await c.execute(sql.SQL("analyze {}").format(names["mains"]))


async def _same_pairs(bench: Bench) -> int:
    """How many pairs all three find."""
    ours: Pairs = set()
    naive: Pairs = set()
    async with as_caller(bench.worker, SCREENER, HOUR_MS) as c:
        for one in bench.statements:
            statement = sql.SQL(Q["pairs_of"]).format(statement=sql.SQL(one.sql))
            rows = await (await c.execute(statement)).fetchall()
            ours |= {(one.layer, *row) for row in rows}
    async with bench.owner.connection() as c:
        for one in bench.statements:
            cursor = await c.execute(sql.SQL(Q["naive"]).format(**_names(one)))
            naive |= {(one.layer, *row) for row in await cursor.fetchall()}
    frames = _frame_pairs(_read(bench))
    for name, theirs in (("ST_DWithin", naive), ("geopandas", frames)):
        if ours != theirs:
            raise AssertionError(
                f"{name} and Gridwarden differ in {len(ours ^ theirs)} of {len(ours)} pairs:"
                f" {sorted(ours ^ theirs)[:5]}"
            )
    return len(ours)


async def _compiled(bench: Bench) -> Figures:
    """As the screen runs them: into the table of what is judged, with its evidence."""
    async with as_caller(bench.worker, SCREENER, HOUR_MS) as c:
        await c.execute(SCREEN["alone"])
        watch = Stopwatch(bench.postmaster)
        for one in bench.statements:
            into = sql.SQL("{} {}").format(sql.SQL(SCREEN["columns"]), sql.SQL(one.sql))
            await c.execute(into)
        figures = watch.read()
        await c.execute(SCREEN["empty"])
    return figures


async def _compiled_pairs(bench: Bench) -> Figures:
    async with as_caller(bench.worker, SCREENER, HOUR_MS) as c:
        await c.execute(SCREEN["alone"])
        watch = Stopwatch(bench.postmaster)
        for one in bench.statements:
            pairs = sql.SQL(Q["pairs_of"]).format(statement=sql.SQL(one.sql))
            await c.execute(sql.SQL(Q["count_of"]).format(statement=pairs))
        return watch.read()


async def _naive(bench: Bench) -> Figures:
    async with bench.owner.connection() as c, c.transaction():
        await c.execute(Q["memory"])
        watch = Stopwatch(bench.postmaster)
        for one in bench.statements:
            pairs = sql.SQL(Q["naive"]).format(**_names(one))
            await c.execute(sql.SQL(Q["count_of"]).format(statement=pairs))
        return watch.read()


Frames = Mapping[str, tuple[geopandas.GeoDataFrame, geopandas.GeoDataFrame]]


def _read(bench: Bench) -> Frames:
    """Mains and subjects of every statement as frames, by layer."""

    def frame(name: str, one: Statement) -> geopandas.GeoDataFrame:
        text = sql.SQL(Q[name]).format(**_names(one)).as_string()
        return geopandas.read_postgis(text, bench.engine, crs=bench.crs)

    return {
        one.layer: (frame("main_frame", one), frame("subject_frame", one))
        for one in bench.statements
    }


def _frame_pairs(frames: Frames) -> Pairs:
    """The pairs by geopandas: its index finds candidates, numpy judges them in 0.1 mm."""
    found: Pairs = set()
    for layer, (mains, subjects) in frames.items():
        reach = mains["reach_m"].to_numpy()
        joined = geopandas.sjoin(mains, subjects, predicate="dwithin", distance=reach)
        subject = subjects.loc[joined["index_right"]]
        gap = shapely.distance(joined.geometry.to_numpy(), subject.geometry.to_numpy())
        # metres on the ground: the plane's scale at the subject's easting (transverse Mercator)
        east = shapely.get_x(shapely.centroid(subject.geometry.to_numpy())) - 500_000.0
        gap = gap / (1 + east**2 / (2 * 6_371_000.0**2))
        gap = gap - joined["edge_m"].to_numpy() - subject["radius_m"].to_numpy()
        accuracy = np.hypot(joined["accuracy_m_left"], joined["accuracy_m_right"]).to_numpy()
        least = np.rint(gap * 1e4) - np.rint(accuracy * 1e4)
        limit = np.rint(joined["limit_m"].to_numpy() * 1e4)
        inside = (least < limit) | (joined["closed"].to_numpy() & (least == limit))
        ids = zip(
            subject["id"].to_numpy()[inside], joined["main_id"].to_numpy()[inside], strict=True
        )
        found |= {(layer, int(one), int(main)) for one, main in ids}
    return found
