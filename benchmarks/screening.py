"""The screen's distance statements beside the joins that people write, and beside other engines.

All find the same pairs (checked first). CPU seconds of client and cluster together: the machine's
other work does not count, and two workers are no cheaper than one.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import shapely
from psycopg import sql
from sqlalchemy import Engine, create_engine

from benchmarks.engines import known_engines
from benchmarks.ground import environment, owner_pool, postmaster
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
Frames = Mapping[str, tuple[geopandas.GeoDataFrame, geopandas.GeoDataFrame]]
FAMILIES = ("main_encroachment", "shed_near_main", "site_near_main")
"""Families whose rules know no condition but the main's own: one distance a main and layer."""
PAIRS = "Gridwarden: the pairs alone, on pieces"


@dataclass(frozen=True)
class Bench:
    """The statements, and who may run them."""

    worker: Pool
    owner: Pool
    statements: tuple[Statement, ...]
    postmaster: int
    settings: Settings


async def bench_of(worker: Pool, owner: Pool, postmaster: int, settings: Settings) -> Bench:
    """The statements, with the tables that the other ways stand on."""
    async with as_caller(worker, SCREENER, HOUR_MS) as c:
        found = [one for one in await compiled(c) if one.family in FAMILIES]
    bench = Bench(worker, owner, tuple(found), postmaster, settings)
    async with owner.connection() as c:
        for one in found:
            filled, values = names(one), {"rules": list(one.rule_ids)}
            await c.execute(sql.SQL(Q["drop"]).format(**filled))
            await c.execute(sql.SQL(Q["mains"]).format(**filled), values)
            for name in ("mains_index", "pieces", "pieces_index"):
                await c.execute(sql.SQL(Q[name]).format(**filled))
            await c.execute(sql.SQL("analyze {mains}, {pieces}").format(**filled))
    return bench


def names(statement: Statement) -> dict[str, sql.Composable]:
    """What {…} stand for in the statements beside the compiled one."""
    return {
        "mains": sql.Identifier("bench", f"main_{statement.layer}"),
        "pieces": sql.Identifier("bench", f"piece_{statement.layer}"),
        "subject": sql.Identifier("data", statement.layer),
    }


async def run(settings: Settings, rounds: int, city: str) -> list[Row]:
    """Compare on the city that is loaded, `city` by name. Raises AssertionError when the pairs
    differ."""
    worker = await open_pool(settings, "worker")
    engine = create_engine(owner_url(settings))
    why = known_engines()
    try:
        async with owner_pool(settings) as owner:
            bench = await bench_of(worker, owner, postmaster(settings), settings)
            pairs = await _same_pairs(bench, engine)
            frames = _read(bench, engine)
            with _files(bench, frames) as folder:
                asked = {
                    f"{name}, from GeoParquet, lines cut to pieces": _engine(
                        bench, name, folder, pairs
                    )
                    for name in why
                    if not why[name]
                }
                ways = _ways(bench, engine, frames) | asked
                runs = await interleaved(ways, rounds)
    finally:
        engine.dispose()
        await worker.close()
    part = f"screen, {city}: {len(pairs):,} pairs (CPU s)"
    absent = [Row(part, name, "–", "", None, reason) for name, reason in why.items() if reason]
    return _rows(runs, part) + absent


def _ways(bench: Bench, engine: Engine, frames: Frames) -> dict[str, Way]:
    async def whole() -> Figures:
        return await _compiled(bench)

    async def pairs_alone() -> Figures:
        return await _compiled_pairs(bench)

    async def pieces() -> Figures:
        return await _by_hand(bench, "on_pieces")

    async def naive() -> Figures:
        return await _by_hand(bench, "naive")

    async def in_memory() -> Figures:
        watch = Stopwatch(bench.postmaster)
        _frame_pairs(frames)
        return watch.read()

    async def read_and_joined() -> Figures:
        watch = Stopwatch(bench.postmaster)
        _frame_pairs(_read(bench, engine))
        return watch.read()

    async def everything() -> Figures:
        watch = Stopwatch(bench.postmaster)
        await screen(bench.worker, "bench")
        return watch.read()

    return {
        PAIRS: pairs_alone,
        "SQL by hand on the same pieces": pieces,
        "ST_DWithin on whole mains, a distance a row": naive,
        "geopandas sjoin(dwithin), frames in memory": in_memory,
        "geopandas, with reading the frames": read_and_joined,
        "Gridwarden: judged, with evidence and place": whole,
        "Gridwarden: whole screen, nothing changed": everything,
    }


def _rows(runs: Mapping[str, list[Figures]], part: str) -> list[Row]:
    base = median(runs[PAIRS], "cpu")
    return [
        Row(
            part,
            way,
            number(median(figures, "cpu")),
            spread(figures, "cpu"),
            median(figures, "cpu") / base,
            f"wall {number(median(figures, 'wall'))} s",
            amount=median(figures, "cpu"),
        )
        for way, figures in runs.items()
    ]


async def _same_pairs(bench: Bench, engine: Engine) -> Pairs:
    """The pairs that all find."""
    ours: Pairs = set()
    async with as_caller(bench.worker, SCREENER, HOUR_MS) as c:
        for one in bench.statements:
            statement = sql.SQL(Q["pairs_of"]).format(statement=sql.SQL(one.sql))
            rows = await (await c.execute(statement)).fetchall()
            ours |= {(one.layer, *row) for row in rows}
    for way in ("on_pieces", "naive"):
        theirs: Pairs = set()
        async with bench.owner.connection() as c:
            for one in bench.statements:
                cursor = await c.execute(sql.SQL(Q[way]).format(**names(one)))
                theirs |= {(one.layer, *row) for row in await cursor.fetchall()}
        _alike(ours, theirs, way)
    _alike(ours, _frame_pairs(_read(bench, engine)), "geopandas")
    return ours


def _alike(ours: Pairs, theirs: Pairs, who: str) -> None:
    if ours != theirs:
        raise AssertionError(
            f"{who} and Gridwarden differ in {len(ours ^ theirs)} of {len(ours)} pairs:"
            f" {sorted(ours ^ theirs)[:5]}"
        )


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


async def _by_hand(bench: Bench, way: str) -> Figures:
    async with bench.owner.connection() as c, c.transaction():
        await c.execute(Q["memory"])
        watch = Stopwatch(bench.postmaster)
        for one in bench.statements:
            pairs = sql.SQL(Q[way]).format(**names(one))
            await c.execute(sql.SQL(Q["count_of"]).format(statement=pairs))
        return watch.read()


@contextmanager
def _files(bench: Bench, frames: Frames) -> Iterator[Path]:
    """GeoParquet of pieces and subjects by layer, as an engine on files would be given them."""
    folder = bench.settings.home / "engines"
    folder.mkdir()
    engine = create_engine(owner_url(bench.settings))
    try:
        for one in bench.statements:
            text = sql.SQL(Q["piece_frame"]).format(**names(one)).as_string()
            pieces = geopandas.read_postgis(text, engine, crs=bench.settings.crs)
            pieces.to_parquet(folder / f"{one.layer}.pieces.parquet")
            subjects = frames[one.layer][1]
            east = shapely.get_x(shapely.centroid(subjects.geometry.to_numpy()))
            scaled = subjects.assign(scale=_scale(east))
            scaled.to_parquet(folder / f"{one.layer}.subjects.parquet")
        yield folder
    finally:
        engine.dispose()
        shutil.rmtree(folder)


def _engine(bench: Bench, name: str, folder: Path, pairs: Pairs) -> Way:
    """In a process of its own, which starts and loads its libraries before the watch does."""

    async def measured() -> Figures:
        command = (sys.executable, "-m", "benchmarks.engines", name, str(folder))
        process = await asyncio.create_subprocess_exec(
            *command, env=environment(bench.settings), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{name} ended with {process.returncode}")
        found = json.loads((folder / f"{name}.json").read_text())
        _alike(pairs, {(layer, one, main) for layer, one, main in found}, name)
        figures: Figures = json.loads(out)
        return figures

    return measured


def _read(bench: Bench, engine: Engine) -> Frames:
    """Mains and subjects of every statement as frames, by layer."""

    def frame(name: str, one: Statement) -> geopandas.GeoDataFrame:
        text = sql.SQL(Q[name]).format(**names(one)).as_string()
        return geopandas.read_postgis(text, engine, crs=bench.settings.crs)

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
        gap = gap / _scale(shapely.get_x(shapely.centroid(subject.geometry.to_numpy())))
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


def _scale(
    east: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Plane metres to a metre on the ground at these eastings (transverse Mercator)."""
    return np.asarray(1 + (east - 500_000.0) ** 2 / (2 * 6_371_000.0**2))
