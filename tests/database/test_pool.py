"""No statement of the web runs without end, whatever door it came by."""

import asyncio

import psycopg
import pytest

from conftest import owner
from gridwarden.database import Caller, as_caller, call_as, open_pool
from gridwarden.settings import Settings

SLOW = """
create function api.slow(caller jsonb) returns text language sql as
$$ select 'done' from pg_sleep(60) $$"""


def test_a_call_that_sets_its_role_itself_ends_at_the_time_limit_too(city: Settings) -> None:
    with owner(city) as c:
        c.execute(SLOW)
        c.execute("grant execute on function api.slow(jsonb) to gridwarden_web_gridwarden")

    async def ask() -> None:
        quick = city.model_copy(update={"statement_timeout_ms": 200})
        pool = await open_pool(quick, "web")
        try:
            with pytest.raises(psycopg.errors.QueryCanceled):
                await call_as(pool, Caller("planner", "test"), "api.slow", ())
        finally:
            await pool.close()

    asyncio.run(ask())


def test_the_worker_sets_its_own_limits(city: Settings) -> None:
    async def limits() -> list[object]:
        pool = await open_pool(city, "worker")
        seen: list[object] = []
        try:
            async with pool.connection() as c:
                seen += await (await c.execute("show statement_timeout")).fetchone() or ()
            async with as_caller(pool, Caller("import", "test"), timeout_ms=5_000) as c:
                seen += await (await c.execute("show statement_timeout")).fetchone() or ()
            return seen
        finally:
            await pool.close()

    assert asyncio.run(limits()) == ["0", "5s"]
