"""The server's side of https: what uvicorn is given, and the plain port beside it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from gridwarden.access.tls.making import CERTIFICATE, KEY, is_there
from gridwarden.access.tls.redirecting import Redirecting
from gridwarden.database.ports import check_port
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings


def certificate_options(settings: Settings) -> dict[str, Any]:
    """uvicorn's options for https; none where there is no certificate."""
    if not is_there(settings):
        return {}
    return {"ssl_certfile": settings.tls / CERTIFICATE, "ssl_keyfile": settings.tls / KEY}


@contextmanager
def redirecting(app: ASGIApp, settings: Settings, port: int) -> Iterator[None]:
    """Plain http on `port` of the service's address, until the block ends.

    Raises SetUpError without a certificate, and where the port cannot be had.
    """
    if not is_there(settings):
        raise trouble(settings, "no_https")
    check_port(settings.model_copy(update={"port": port}))
    config = uvicorn.Config(
        Redirecting(app, settings.port),
        host=settings.host,
        port=port,
        log_level="warning",
        lifespan="off",
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True, name="http to https")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
