"""Heat cells and pages of features beside the least SQL that gives the same figures or shapes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from benchmarks.ground import make_key, owner_pool
from benchmarks.load import Line, asked, lines
from benchmarks.measuring import Figures, Row, Way, interleaved, waits
from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.layers.catalogue import layer
from gridwarden.layers.features.items import LON_LAT_84, page_of
from gridwarden.layers.features.parameters import ItemsQuery
from gridwarden.maps.cells import heat
from gridwarden.settings import Settings

Q = queries("benchmarks", "pages.sql")
CALLER = Caller("planner", "bench")
PAGES = (100, 1000)
REPEATED = 20


@dataclass(frozen=True)
class Bench:
    """Who asks, and where."""

    settings: Settings
    web: Pool
    owner: Pool
    line: Line


async def run(settings: Settings, rounds: int) -> list[Row]:
    """Compare on the city that is loaded, one asker; the service is up."""
    key = make_key(settings, CALLER.role)
    web = await open_pool(settings, "web")
    try:
        async with owner_pool(settings, 1) as owner, lines(settings.port, key, 1) as held:
            bench = Bench(settings, web, owner, held[0])
            count = await _same_cells(bench)
            found = await interleaved(_cells(bench), rounds)
            rows = waits(f"{count} heat cells of 500 m (ms)", found)
            for size in PAGES:
                after = await _starts(bench, size)
                found = await interleaved(_features(bench, size, after), rounds)
                rows += waits(f"page of {size:,} features (ms)", found)
    finally:
        await web.close()
    return rows


def _way(values: Sequence[int], one: Callable[[int], Awaitable[object]]) -> Way:
    async def measured() -> Figures:
        return await asked(values, lambda _, value: one(value), 1)

    return measured


async def _all(c: AsyncConnection[TupleRow], name: str) -> list[TupleRow]:
    return await (await c.execute(sql.SQL(Q[name]))).fetchall()


async def _same_cells(bench: Bench) -> int:
    """How many cells both count alike. Raises AssertionError when they do not."""
    async with as_caller(bench.web, CALLER) as c:
        ours = set(await _all(c, "cells_asked"))
    async with bench.owner.connection() as c:
        floor = set(await _all(c, "cells"))
    if ours != floor:
        raise AssertionError(f"{len(ours ^ floor)} cells are counted differently")
    return len({row[:2] for row in ours})


def _cells(bench: Bench) -> dict[str, Way]:
    async def ours(_: int) -> None:
        async with as_caller(bench.web, CALLER) as c:
            await _all(c, "cells_asked")

    async def floor(_: int) -> None:
        async with bench.owner.connection() as c:
            await _all(c, "cells")

    async def whole(_: int) -> None:
        await heat(bench.web, CALLER, "square-500", bench.settings, names=True)

    turns = range(REPEATED)
    return {
        "api.finding_cell as a planner": _way(turns, ours),
        "bare SQL: group by": _way(turns, floor),
        "what the heat page asks: shapes, surveys, names": _way(turns[:2], whole),
    }


async def _starts(bench: Bench, size: int) -> list[int]:
    """Ids after which pages begin, anywhere in the layer."""
    async with bench.owner.connection() as c:
        row = await (await c.execute(Q["ids"], {"room": size})).fetchone()
    assert row is not None
    return list(row[0][:REPEATED])


def _features(bench: Bench, size: int, after: Sequence[int]) -> dict[str, Way]:
    buildings = layer("buildings")

    async def ours(start: int) -> None:
        asked_for = ItemsQuery(size, start, LON_LAT_84, None, None)
        async with as_caller(bench.web, CALLER) as c:
            text = await page_of(c, buildings, asked_for, bench.settings, [], "", "")
        _check(text, size)

    async def floor(start: int) -> None:
        async with bench.owner.connection() as c:
            values = {"after": start, "limit": size}
            row = await (await c.execute(Q["features"], values)).fetchone()
        assert row is not None
        _check(row[0].encode(), size)

    async def over_http(start: int) -> None:
        path = f"/ogc/collections/buildings/items?limit={size}&cursor={start}"
        _check(await bench.line.ask("GET", path), size)

    return {
        "items.sql as a planner": _way(after, ours),
        "bare SQL: st_asgeojson of the rows": _way(after, floor),
        "GET /ogc/collections/buildings/items": _way(after, over_http),
    }


def _check(text: bytes, size: int) -> None:
    """A page that is not full would be cheap for nothing."""
    found = text.count(b'"Feature"')
    if found != size:
        raise AssertionError(f"a page of {found} features, not {size}")
