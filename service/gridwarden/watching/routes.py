"""`GET /metrics`: how the service does, for Prometheus and whoever reads its text.

Not for administrators, who may bring features: whoever may do both could bring a shed, watch a
count move, and so find a main. An auditor brings nothing; a monitoring machine has a token that
opens nothing else.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from gridwarden.access.audience import Audience
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.watching.figures import Document, Once, of_database, of_pool

router = APIRouter(tags=["run"])
Q = queries(__package__ or "gridwarden.watching", "watching.sql")
WAIT_S = 3.0
MONITOR = Caller("auditor", "monitoring")
"""Whoever holds the token of GRIDWARDEN_METRICS_TOKEN."""


@dataclass(frozen=True)
class Monitors(Audience):
    """The audience of `/metrics`: a key of its roles, or the monitoring token."""

    async def __call__(self, request: Request) -> Caller:
        token = request.app.state.settings.metrics_token
        given = request.headers.get("authorization", "")
        if token is not None and secrets.compare_digest(
            given.encode("utf-8", "surrogateescape"),
            f"Bearer {token.get_secret_value()}".encode(),
        ):
            return MONITOR
        return await super().__call__(request)


Monitor = Annotated[Caller, Depends(Monitors(("auditor",)))]


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, caller: Monitor) -> Response:
    """Totals of queue, screening, jobs, events, pool, requests, tables and slow statements."""
    state = request.app.state
    answer = CollectorRegistry()
    answer.register(Once(of_pool(state.pool)))
    answer.register(Once(of_database(await _document(state.pool, caller))))
    text = generate_latest(state.counters.registry) + generate_latest(answer)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _document(pool: Pool, caller: Caller) -> Document | None:
    """What the database says; None where it does not answer in time, for that is a figure, too."""
    try:
        async with asyncio.timeout(WAIT_S), as_caller(pool, caller) as connection:
            row: Any = await (await connection.execute(Q["metrics"])).fetchone()
    except (TimeoutError, psycopg.OperationalError):
        return None
    document: Document = row[0]
    return document
