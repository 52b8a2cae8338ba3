"""The web front door: `create_app(settings)` gathers the rooms' routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from gridwarden import __version__
from gridwarden.access import Callers, everyone
from gridwarden.database import open_pool
from gridwarden.settings import Settings
from gridwarden.words import problems, static

ROOMS = (
    "words",
    "access",
    "jobs",
    "layers.features",
    "intake",
    "rules",
    "screening",
    "dispatch",
    "maps",
    "permits",
)
"""Rooms with a `routes.py`, lowest first."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service over one database; its pool opens with the application's lifespan."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = await open_pool(settings, "web")
        try:
            yield
        finally:
            await app.state.pool.close()

    app = FastAPI(
        title="Gridwarden",
        version=__version__,
        summary="The open city-safety map.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.settings = settings
    app.state.callers = Callers()
    problems.install(app)
    static.mount(app, settings.assets)
    app.add_api_route("/healthz", healthz, dependencies=[everyone()], tags=["run"])
    app.add_api_route("/readyz", readyz, dependencies=[everyone()], tags=["run"])
    for room in ROOMS:
        routes = part(room, "routes")
        if routes:
            app.include_router(routes.router)
    return app


def part(room: str, name: str) -> Any:
    """The module `name` of a room, or None where the room has none."""
    try:
        there = find_spec(f"gridwarden.{room}.{name}")
    except ModuleNotFoundError:
        return None
    return import_module(f"gridwarden.{room}.{name}") if there else None


async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok", "version": __version__}


async def readyz(request: Request) -> JSONResponse:
    """The database answers, too; 503 while it does not."""
    try:
        async with request.app.state.pool.connection(timeout=2) as connection:
            await connection.execute("select 1")
    except (DatabaseError, PoolTimeout):
        headers = {"Retry-After": "5"}
        return JSONResponse({"status": "database away"}, status_code=503, headers=headers)
    return JSONResponse({"status": "ready", "version": __version__})
