"""The hot statements stay on their indexes in a city where the planner has a choice: none reads a
big table whole. Each is run as the service runs it, often enough for a plan without its values.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import httpx
import pytest
from psycopg import sql

from conftest import bearer, make_key, owner
from gridwarden.access.limits import Aside
from gridwarden.app import create_app
from gridwarden.database import Caller, Pool
from gridwarden.jobs.events.places import places_of
from gridwarden.screening.screener import MANY_AGAIN, Screener
from gridwarden.settings import Settings
from plans import Watch, watched

BIG_FROM = 1_000
NUMBERS = count()
TIMES = 6
"""The server makes a plan without the values after the fifth time."""


@pytest.fixture(scope="module")
def many(module_city: Settings) -> Settings:
    """Tens of thousands of features, findings and events, analysed."""
    with owner(module_city) as c:
        with c.transaction():
            c.execute((Path(__file__).parent / "plan_city.sql").read_text("utf-8"))  # type: ignore[arg-type]
        c.execute("analyze")
    return module_city


@pytest.fixture(scope="module")
def big(many: Settings) -> dict[str, float]:
    """The tables that must not be read whole, and how many rows they have."""
    with owner(many) as c:
        found = c.execute(
            "select c.relname, c.reltuples from pg_class c"
            " where c.relnamespace = 'data'::regnamespace and c.relkind = 'r'"
            " and c.reltuples >= %s",
            (BIG_FROM,),
        ).fetchall()
    layers = {"buildings", "gas_pipelines", "charging_sheds", "estates"}
    assert dict(found).keys() >= layers | {"main_piece", "finding", "finding_exact", "event"}
    return dict(found)


Hot = Callable[[Settings, Pool, int], Awaitable[None]]


def asked(method: str, path: str, role: str, body: object = None) -> Hot:
    """One request of the service's, by a caller of this role."""

    async def ask(settings: Settings, pool: Pool, times: int) -> None:
        app = create_app(settings)
        app.state.pool, app.state.aside = pool, Aside(pool, settings, 0)
        key = bearer(make_key(settings, role, org_ids=(1,), grid_ids=(1,), all_districts=True))
        caller = Caller(role, f"test {role}", (1,), all_districts=True, grid_ids=(1,))
        asked_for = path.format(place=places_of(settings, caller).seal(9000))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            for _ in range(times):
                answer = await http.request(method, asked_for, headers=key, json=body)
                assert answer.status_code == 200, answer.text
                assert "[]" not in answer.text[:14]  # something was found

    return ask


def edited(change: str) -> Hot:
    """Steps of the screener after small edits, as somebody with SQL makes them."""

    async def edit(settings: Settings, pool: Pool, times: int) -> None:
        screener, judged = Screener(pool), 0
        for _ in range(times):
            with owner(settings) as c:
                c.execute(change, {"id": str(4 + 20 * next(NUMBERS))})  # type: ignore[arg-type]
            while done := await screener.step():
                judged += done.subjects + done.ended
        assert judged >= times

    return edit


MOVED = "update data.{} set geom = st_translate(geom, 0.02, 0) where source_id = %(id)s"
BOX = "114.0100,30.7200,114.0130,30.7230"
DIG = {
    "area": {
        "type": "Polygon",
        "coordinates": [
            [[114.011, 30.721], [114.0113, 30.721], [114.0113, 30.7212], [114.011, 30.721]]
        ],
    },
    "method": "mechanical",
    "depth_m": 2,
}
HOT: dict[str, Hot] = {
    "permit check": asked("POST", "/api/permits/check", "utility", DIG),
    "features in a box": asked(
        "GET", f"/ogc/collections/buildings/items?bbox={BOX}&limit=50", "planner"
    ),
    "findings": asked("GET", "/api/findings?limit=50", "planner"),
    "findings further on": asked("GET", "/api/findings?limit=50&cursor=24000", "supervisor"),
    "events": asked("GET", "/api/events?limit=50&cursor={place}", "planner"),
    "cases of a contractor": asked("GET", "/api/hazards?limit=50", "contractor"),
    "cases of a company's mains": asked("GET", "/api/hazards?state=open&limit=50", "utility"),
    "cases of a warden": asked("GET", "/api/hazards?limit=50", "warden"),
    "cases by their due day": asked(
        "GET", "/api/hazards?state=open&grade=major&sort=due&limit=50", "supervisor"
    ),
    "cases of one place": asked("GET", "/api/hazards?q=解放路 7717号", "supervisor"),
    "cases of a frequent word": asked("GET", "/api/hazards?q=地下车库&limit=50", "supervisor"),
    "cases by words, veiled": asked("GET", "/api/hazards?q=解放路7715号", "planner"),
    "cases by a company's words": asked("GET", "/api/hazards?q=解放路773号", "utility"),
    "cases by number": asked("GET", "/api/hazards?q=4201022026080107", "supervisor"),
    "a shed is moved (pairs)": edited(MOVED.format("charging_sheds")),
    "a building is moved (neighbours)": edited(MOVED.format("buildings")),
    "a shed is gone (absence)": edited("delete from data.charging_sheds where source_id = %(id)s"),
    "a main is moved": edited(MOVED.format("gas_pipelines")),
}


OTHER_STEPS = list(HOT)[-3:]
SELDOM = 3
"""What the steps have in common is run often enough by the first of them."""


def run(settings: Settings, hot: Hot, times: int = TIMES) -> Watch:
    """What a hot statement ran."""

    async def under_watch() -> Watch:
        async with watched(settings) as (pool, watch):
            await hot(settings, pool, times)
            return watch

    return asyncio.run(under_watch())


@pytest.mark.parametrize("hot", HOT)
def test_no_big_table_is_read_whole(many: Settings, big: dict[str, float], hot: str) -> None:
    watch = run(many, HOT[hot], SELDOM if hot in OTHER_STEPS else TIMES)
    assert watch.ran
    assert watch.whole(big) == set()


def test_after_many_a_single_edit_stays_on_its_indexes(
    many: Settings, big: dict[str, float]
) -> None:
    """What judged thousands at once is planned for them; what judges the next one is not."""

    async def thousands(pool: Pool) -> None:
        with owner(many) as c:
            c.execute(
                "update data.gas_pipelines set geom = st_translate(geom, 0.02, 0) where id % 8 = 3"
            )
        screener, most = Screener(pool, most=MANY_AGAIN), 0
        while done := await screener.step():
            most = max(most, done.subjects)
        assert most > MANY_AGAIN

    async def then_one() -> Watch:
        async with watched(many) as (pool, watch):
            await thousands(pool)
            watch.ran.clear()
            await edited(MOVED.format("buildings"))(many, pool, 1)
            return watch

    watch = asyncio.run(then_one())
    assert watch.ran
    assert watch.whole(big) == set()


@pytest.mark.parametrize(
    ("hot", "index", "table"),
    [
        ("permit check", "main_piece_geom", "main_piece"),
        ("features in a box", "buildings_geom", "buildings"),
        ("cases of a contractor", "hazard_case_org", "hazard_case"),
        ("cases of a warden", "hazard_case_grid", "hazard_case"),
        ("cases of one place", "hazard_case_pairs", "hazard_case"),
        ("a shed is moved (pairs)", "main_piece_geom", "main_piece"),
        ("a building is moved (neighbours)", "charging_sheds_geom", "charging_sheds"),
        ("a shed is gone (absence)", "estates_geom", "estates"),
        ("a main is moved", "finding_counterpart", "finding_exact"),
    ],
)
def test_without_its_index_it_is_seen(
    many: Settings, big: dict[str, float], hot: str, index: str, table: str
) -> None:
    """The same check fails where an index is missing: it does look at the plans."""
    with owner(many) as c:
        made = c.execute("select pg_get_indexdef(%s::regclass)", (f"data.{index}",)).fetchone()
        assert made is not None
        c.execute(sql.SQL("drop index {}").format(sql.Identifier("data", index)))
    try:
        found = run(many, HOT[hot], times=1).whole(big)
    finally:
        with owner(many) as c:
            c.execute(made[0])
    assert table in {name for name, _ in found}


def test_the_worst_come_first_by_an_index(many: Settings, big: dict[str, float]) -> None:
    """The page also says how many there are, which is counted; its rows are read in order."""
    watch = run(many, asked("GET", "/findings?after=2.16000", "planner"))
    pages = Watch([one for one in watch.ran if one.text.startswith("/* screening.page */")])
    assert len(pages.ran) == TIMES
    assert pages.whole(big) == set()
    assert "Index Scan finding_worst" in pages.read("finding")


def test_cells_read_every_finding_once_and_nothing_else_whole(
    many: Settings, big: dict[str, float]
) -> None:
    """A count of all is a count of all: one pass over the findings, none over their evidence."""
    watch = run(many, asked("GET", "/api/cells/square-500?measure=count", "planner"))
    assert {table for table, _ in watch.whole(big)} == {"finding"}
    assert watch.read("finding") == ["Seq Scan"] * TIMES
    assert watch.read("finding_exact") == []


def test_a_board_reads_one_row_a_case_and_no_act(many: Settings, big: dict[str, float]) -> None:
    """What was kept of each case is read once for the day and once for a week before."""
    watch = run(many, asked("GET", "/api/rankings", "supervisor"), times=1)
    assert watch.read("board_case_day")
    assert "hazard_act" not in {table for table, _ in watch.whole(big)}


def test_a_permit_check_is_planned_once_for_all_grounds(many: Settings) -> None:
    """A plan for each ground would cost a large city more than the search itself."""
    watch = run(many, HOT["permit check"])
    found = [
        str(node["Index Cond"])
        for one in watch.ran
        for node in one.nodes()
        if "near as materialized" in one.text and node.get("Index Name") == "main_piece_geom"
    ]
    assert len(found) == TIMES
    assert not [one for one in found if "::geometry" in one]  # no ground's own corners
