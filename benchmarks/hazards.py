"""A list of 100,000 cases as each role filters it, beside the bare SQL; and the board over them."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from datetime import date
from functools import partial
from typing import Any

from benchmarks.ground import DATABASE, EMPTY, copy_database, make_key, owner_pool, served
from benchmarks.load import asked, lines
from benchmarks.measuring import Figures, Row, Way, interleaved, waits
from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.database.cluster import connect_owner
from gridwarden.hazards.cases.listing import list_cases
from gridwarden.hazards.cases.parameters import cases_query
from gridwarden.settings import Settings

Q = queries("benchmarks", "hazards.sql")
OFFICE = Caller("supervisor", "bench", all_districts=True)
CALLERS = (
    OFFICE,
    Caller("planner", "bench", all_districts=True),
    Caller("inspector", "bench", district_ids=(3,)),
    Caller("warden", "bench", grid_ids=(7, 8)),
    Caller("contractor", "bench", org_ids=(7,)),
    Caller("utility", "bench", org_ids=(2,)),
)
DISTRICTS = 12
LIMIT = 100
FILTER = (("state", "open"), ("grade", "major"), ("sort", "due"), ("limit", str(LIMIT)))
DAY = date(2026, 10, 31)


async def run(settings: Settings, rounds: int, cases: int) -> list[Row]:
    """Fill an empty city with made-up cases of made-up districts, and ask of them."""
    await asyncio.to_thread(_fill, settings, cases)
    key = await asyncio.to_thread(make_key, settings, OFFICE.role)
    web = await open_pool(settings, "web")
    try:
        async with owner_pool(settings, 1) as owner:
            with served(settings):
                ways = _lists(settings, web, owner, key)
                named = f"{LIMIT} of {cases:,} cases by state, grade, district (ms)"
                rows = waits(named, await interleaved(ways, rounds))
                ways = _roles(settings, web, owner)
                named = f"open cases of {cases:,} by role, by words (ms)"
                rows += waits(named, await interleaved(ways, rounds))
                ways = _counts(web, owner)
                named = f"board over {cases:,} cases, nothing kept (ms)"
                rows += waits(named, await interleaved(ways, min(rounds, 3)))
                await asyncio.to_thread(_keep, settings)
                ways = {"the board's page": _page(settings, key), **_counts(web, owner)}
                named = f"board over {cases:,} cases, kept (ms)"
                rows += waits(named, await interleaved(ways, min(rounds, 3)))
    finally:
        await web.close()
    await asyncio.to_thread(copy_database, settings, EMPTY, DATABASE)
    return rows


def _fill(settings: Settings, cases: int) -> None:
    copy_database(settings, EMPTY, DATABASE)
    with connect_owner(settings) as c:
        c.execute("select setseed(0.7)")
        c.execute(Q["districts"], {"districts": DISTRICTS})
        c.execute(Q["cases"], {"cases": cases})
        for name in ("quiet", "acts", "loud", "unkept"):
            c.execute(Q[name])
        c.commit()
        c.autocommit = True
        for name in ("clean_hazard_case", "clean_hazard_act", "clean_unkept"):
            c.execute(Q[name])


def _keep(settings: Settings) -> None:
    with connect_owner(settings) as c:
        c.execute(Q["keep"])
        c.commit()
        c.autocommit = True
        for name in ("clean_kept", "clean_unkept"):
            c.execute(Q[name])


Listing = Callable[[int, int], Coroutine[Any, Any, None]]


def _listing(settings: Settings, web: Pool, caller: Caller, *filters: tuple[str, str]) -> Listing:
    """A page of the list as this caller is given it; a district where a filter has `{}`."""

    async def ask(_: int, district: int) -> None:
        told = tuple((name, value.format(district)) for name, value in filters)
        query = cases_query(told, settings.time_zone)
        async with as_caller(web, caller) as c:
            found = (await list_cases(c, caller, query, settings.crs)).items
        if not found:
            raise AssertionError(f"{caller.role}: an empty page is cheap for nothing")

    return ask


def _over_http(settings: Settings, key: str, paths: Sequence[str], full: bool) -> Way:
    """Ask by a connection of its own: a kept one is closed while the others are asked."""

    async def run_once() -> Figures:
        async with lines(settings.port, key, 1) as held:

            async def ask(_: int, path: str) -> None:
                text = await held[0].ask("GET", path)
                if full:
                    _full(len(json.loads(text)["items"]))

            return await asked(paths, ask, 1)

    return run_once


def _page(settings: Settings, key: str) -> Way:
    return _over_http(settings, key, (f"/hazards/board?day={DAY}",), full=False)


def _lists(settings: Settings, web: Pool, owner: Pool, key: str) -> dict[str, Way]:
    async def floor(_: int, district: int) -> None:
        async with owner.connection() as c:
            values = {"district": district, "limit": LIMIT}
            _full(len(await (await c.execute(Q["floor"], values)).fetchall()))

    told = "&".join(f"{name}={value}" for name, value in FILTER)
    numbers = range(1, DISTRICTS + 1)
    ours = _listing(settings, web, OFFICE, *FILTER, ("district", "{}"))
    return {
        "GET /api/hazards": _over_http(
            settings, key, [f"/api/hazards?{told}&district={n}" for n in numbers], full=True
        ),
        "list_cases as a supervisor": lambda: asked(numbers, ours, 1),
        "bare SQL": lambda: asked(numbers, floor, 1),
    }


def _roles(settings: Settings, web: Pool, owner: Pool) -> dict[str, Way]:
    """The list as each role opens it, and by words: frequent ones, and one place alone."""
    numbers = range(1, DISTRICTS + 1)
    ways: dict[str, Way] = {}
    plain = (("state", "open"), ("limit", str(LIMIT)))
    for caller in CALLERS:
        for told, filters in (
            ("open", plain),
            ("words", (("q", "地下车库"),)),
            ("one place", (("q", "解放路77{}号"),)),
        ):
            if told == "one place" and caller is not OFFICE:
                continue
            way = _listing(settings, web, caller, *filters)
            ways[f"{caller.role}, {told}"] = partial(asked, numbers, way, 1)

    async def floor(_: int, district: int) -> None:
        async with owner.connection() as c:
            values = {"words": f"解放路77{district}号%", "limit": LIMIT}
            await (await c.execute(Q["floor_holds"], values)).fetchall()

    ways["bare SQL, one place"] = lambda: asked(numbers, floor, 1)
    return ways


def _counts(web: Pool, owner: Pool) -> dict[str, Way]:
    async def ours(_: int, name: str) -> None:
        async with as_caller(web, OFFICE, timeout_ms=600_000) as c:
            await (await c.execute(Q[name], {"day": DAY})).fetchall()

    async def floor(_: int, name: str) -> None:
        async with owner.connection() as c:
            await (await c.execute(Q[name], {"day": DAY})).fetchall()

    return {
        "api.board by district": lambda: asked(("board",), ours, 1),
        "api.hazard_ledger of 30 days": lambda: asked(("ledger",), ours, 1),
        "bare SQL: cases closed and found": lambda: asked(("counted",), floor, 1),
    }


def _full(found: int) -> None:
    """A page that is not full would be cheap for nothing."""
    if found != LIMIT:
        raise AssertionError(f"a page of {found} cases, not {LIMIT}")
