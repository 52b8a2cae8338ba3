"""Heat cells of a million findings beside the least SQL that counts them; every point once."""

import asyncio

from psycopg import sql

from benchmarks.ground import DATABASE, EMPTY, copy_database, owner_pool, postmaster
from benchmarks.measuring import Figures, Row, Way, interleaved, median, number, spread
from benchmarks.processes import Stopwatch
from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.database.cluster import connect_owner
from gridwarden.settings import Settings

Q = queries("benchmarks", "cells.sql")
PAGES = queries("benchmarks", "pages.sql")
PLANNER = Caller("planner", "bench")
OURS = "api.finding_cell as a planner"


async def run(settings: Settings, rounds: int, findings: int) -> list[Row]:
    """Count `findings` made-up findings in an empty city."""
    await asyncio.to_thread(_fill, settings, findings)
    web = await open_pool(settings, "web")
    try:
        async with owner_pool(settings, 1) as owner:
            cells = await _same(web, owner, findings)
            runs = await interleaved(_ways(settings, web, owner), rounds)
    finally:
        await web.close()
    await asyncio.to_thread(copy_database, settings, EMPTY, DATABASE)
    base = median(runs[OURS], "cpu")
    return [
        Row(
            f"{cells:,} cells of 500 m of {findings:,} findings (CPU s)",
            way,
            number(median(figures, "cpu")),
            spread(figures, "cpu"),
            median(figures, "cpu") / base,
            f"wall {number(median(figures, 'wall'))} s; every point counted once",
        )
        for way, figures in runs.items()
    ]


def _fill(settings: Settings, findings: int) -> None:
    copy_database(settings, EMPTY, DATABASE)
    with connect_owner(settings) as c:
        c.execute("select setseed(0.7)")
        c.execute(Q["many"], {"findings": findings})
        c.commit()
        c.autocommit = True
        c.execute("vacuum analyze data.finding")


async def _same(web: Pool, owner: Pool, findings: int) -> int:
    """How many cells. Raises AssertionError when a point is counted twice, not at all or else."""
    async with as_caller(web, PLANNER) as c:
        ours = await (await c.execute(sql.SQL(PAGES["cells_asked"]))).fetchall()
    async with owner.connection() as c:
        floor = await (await c.execute(sql.SQL(PAGES["cells"]))).fetchall()
    counted = sum(row[-1] for row in ours)
    if set(ours) != set(floor) or counted != findings:
        raise AssertionError(f"{counted} of {findings} points, {len(set(ours) ^ set(floor))} cells")
    return len({row[:2] for row in ours})


def _ways(settings: Settings, web: Pool, owner: Pool) -> dict[str, Way]:
    first = postmaster(settings)

    async def ours() -> Figures:
        watch = Stopwatch(first)
        async with as_caller(web, PLANNER, timeout_ms=600_000) as c:
            await (await c.execute(sql.SQL(PAGES["cells_asked"]))).fetchall()
        return watch.read()

    async def floor() -> Figures:
        watch = Stopwatch(first)
        async with owner.connection() as c:
            await (await c.execute(sql.SQL(PAGES["cells"]))).fetchall()
        return watch.read()

    return {OURS: ours, "bare SQL: group by floor(x / 500)": floor}
