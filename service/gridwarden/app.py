"""The web front door: `create_app(settings)` gathers the rooms' routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gridwarden import __version__
from gridwarden.access import Callers, everyone
from gridwarden.access import routes as access
from gridwarden.access.audit import routes as audit
from gridwarden.access.hsts import Hsts
from gridwarden.access.limits import Aside, Guard, Limits, costs, helpers_of
from gridwarden.access.matrix import routes as matrix
from gridwarden.access.matrix.describing import described
from gridwarden.access.oidc.provider import Provider
from gridwarden.database import open_pool
from gridwarden.dispatch import routes as dispatch
from gridwarden.hazards import routes as hazards
from gridwarden.intake import pages as import_pages
from gridwarden.intake import routes as intake
from gridwarden.intake.editing import pages as registers
from gridwarden.intake.editing import routes as editing
from gridwarden.jobs import routes as jobs
from gridwarden.jobs.events import routes as events
from gridwarden.jobs.webhooks import routes as webhooks
from gridwarden.layers.export import requests_pages as export_request_pages
from gridwarden.layers.export import requests_routes as export_requests
from gridwarden.layers.export import routes as exports
from gridwarden.layers.features import routes as features
from gridwarden.layers.granted import routes as granted
from gridwarden.maps import changes, drawn
from gridwarden.maps import routes as maps
from gridwarden.migrations.declared import shares
from gridwarden.permits import routes as permits
from gridwarden.rules import pages as rule_pages
from gridwarden.rules import routes as rules
from gridwarden.rules import sharing_routes as sharing
from gridwarden.screening import kept
from gridwarden.screening import routes as screening
from gridwarden.screening import what_if_routes as what_if
from gridwarden.settings import Settings
from gridwarden.watching import readiness
from gridwarden.watching import routes as watching
from gridwarden.watching import through_routes as through
from gridwarden.watching.requests import Counted, Counters
from gridwarden.words import answers, static
from gridwarden.words.path_prefix import Under

ROUTERS = (
    permits.router,  # first: routes are tried in turn, and a digger waits at the phone
    access.router,
    audit.router,
    matrix.router,
    jobs.router,
    events.router,
    webhooks.router,
    features.router,
    exports.router,
    granted.router,
    export_requests.router,
    export_request_pages.router,
    editing.router,
    registers.router,
    intake.router,
    import_pages.router,
    sharing.router,
    rules.router,
    rule_pages.router,
    changes.router,  # before `/findings/{number}`
    screening.router,
    what_if.router,
    kept.router,
    dispatch.router,
    hazards.router,
    maps.router,
    watching.router,
    readiness.router,
    through.router,
)
"""The rooms' routes, lowest room first but for the permit check."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service over one database; its pool opens with the application's lifespan."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = pool = await open_pool(settings, "web")
        app.state.aside = Aside(pool, settings, helpers_of(settings), (drawn.MODULE,))
        app.state.aside.warm()
        try:
            yield
        finally:
            await app.state.aside.close()
            await pool.close()

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
    app.state.provider = Provider.of(settings)
    app.state.shares = shares
    app.openapi = partial(described, app)  # type: ignore[method-assign]
    app.state.counters = Counters()
    app.state.limits = Limits.of(settings)
    app.add_middleware(Guard)
    answers.install(app)
    app.add_middleware(
        Counted, counters=app.state.counters, all_told=settings.log_requests == "all"
    )
    app.add_middleware(Hsts, days=settings.hsts_days)
    if settings.prefix:
        app.add_middleware(Under, prefix=settings.prefix)
    if settings.trusted_proxies:
        # Outermost: scheme and address are the browser's own for everything within.
        trusted = list(settings.trusted_proxies)
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)
    static.mount(app, settings.assets)
    app.add_api_route("/healthz", healthz, dependencies=[everyone()], tags=["run"])
    for router in ROUTERS:
        app.include_router(router)
    return app


@costs("free")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok", "version": __version__}
