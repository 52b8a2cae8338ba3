"""`GET /readyz`: whether this process can do its work now, and if not, what is missing.

For whoever sends it requests, and for whoever is called at night. Nobody signs in for it: it says
in one word what is the matter, and nothing of what is inside.
"""

import shutil
from functools import cache
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout

from gridwarden import __version__
from gridwarden.access import everyone
from gridwarden.access.limits import costs
from gridwarden.database import Pool, queries
from gridwarden.database.cluster import login_dsn
from gridwarden.migrations.newest import newest
from gridwarden.settings import Settings
from gridwarden.words.answers import kind_of
from gridwarden.words.problems import RETRY_AFTER_S

router = APIRouter(tags=["run"])
Q = queries(__package__ or "gridwarden.watching", "watching.sql")
WAIT_S: Final = 2.0
LEAST_MB: Final = 32
"""With less room nothing can be brought in or recorded, so nothing can be answered, either."""


@router.get("/readyz", dependencies=[everyone()])
@costs("free")
async def readyz(request: Request) -> JSONResponse:
    """200 `ready`; 503 with what is missing: `database away`, `database busy`, `database read
    only`, `tables not up to date`, `disk full`. `worker` says whether one lives: without it pages
    and checks are answered, imports and screening wait.
    """
    state = request.app.state
    status, worker = await _asked(state.pool, state.settings)
    if status == "ready" and _full(state.settings):
        status = "disk full"
    told = {"status": status, "version": __version__} | worker
    if status == "ready":
        return JSONResponse(told, headers={"Cache-Control": "no-store"})
    headers = {"Cache-Control": "no-store", "Retry-After": str(RETRY_AFTER_S["unavailable"])}
    return JSONResponse(told, status_code=503, headers=headers)


async def _asked(pool: Pool, settings: Settings) -> tuple[str, dict[str, str]]:
    """What the database says, and of the worker."""
    try:
        async with pool.connection(timeout=WAIT_S) as connection:
            row = await (await connection.execute(Q["ready"])).fetchone()
    except PoolTimeout:
        return ("database busy" if await _lets_in(settings) else "database away"), {}
    except psycopg.Error as error:
        return _missing(error), {}
    assert row is not None
    tables, writes, worker = row
    told = {"worker": "alive" if worker else "silent"}
    if tables != _newest():
        return "tables not up to date", told
    return ("ready" if writes else "database read only"), told


def _missing(error: psycopg.Error) -> str:
    """A database without the function that is asked has older tables."""
    if isinstance(error, psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName):
        return "tables not up to date"
    return "disk full" if kind_of(error) == "disk_full" else "database away"


async def _lets_in(settings: Settings) -> bool:
    """Whether the database is there, though no connection of ours is free."""
    try:
        dsn = login_dsn(settings, "web")
        await (await psycopg.AsyncConnection.connect(dsn, connect_timeout=int(WAIT_S))).close()
    except psycopg.Error:
        return False
    return True


def _full(settings: Settings) -> bool:
    return shutil.disk_usage(settings.home).free < LEAST_MB * 2**20


@cache
def _newest() -> str | None:
    """The newest tables that this program knows; looked up once, for the program stays as it is."""
    return newest()
