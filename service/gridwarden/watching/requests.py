"""Counts, times and the log of requests, by the route's template: no id and no coordinate is in a
label or a line.
"""

import time
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridwarden.words.telling import log

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line for every count, which nobody reads
LONG_S: Final = 5.0
"""A request that took longer is worth a line."""
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


class Counters:
    """What one application counts of its own; `registry` holds the process's memory, too."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "gridwarden_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "gridwarden_request_seconds",
            "Seconds from a request to the first byte of its answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.open = Gauge(
            "gridwarden_requests_in_progress",
            "Requests being answered, streams among them.",
            registry=self.registry,
        )


class Counted:
    """The outermost middleware: sees every request, and which route answered it. `all_told`: each
    has a line in the log, not only what failed or took long.
    """

    def __init__(self, app: ASGIApp, counters: Counters, all_told: bool = False) -> None:
        self.app = app
        self.counters = counters
        self.all_told = all_told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        answered = False

        def count(status: int) -> None:
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = route_of(scope)
            self.counters.requests.labels(method, route, str(status)).inc()
            seconds = time.perf_counter() - began
            self.counters.seconds.labels(method, route).observe(seconds)
            if self.all_told or status >= 500 or seconds > LONG_S:
                _tell(scope, method, route, status, seconds)

        async def watched(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start" and not answered:
                answered = True
                count(message["status"])
            await send(message)

        with self.counters.open.track_inprogress():
            try:
                await self.app(scope, receive, watched)
            except Exception:
                if not answered:
                    count(500)
                raise


def _tell(scope: Scope, method: str, route: str, status: int, seconds: float) -> None:
    """A line of the log: what was asked for as a route, never as the address that was typed."""
    level = log.warning if status >= 500 else log.info
    number = scope.get("state", {}).get("request_id", "")
    milliseconds = round(seconds * 1000, 1)
    level("request", request_id=number, method=method, route=route, status=status, ms=milliseconds)


def route_of(scope: Scope) -> str:
    """The template of the route that answered, as it is declared; never a caller's own text."""
    template = getattr(scope.get("route"), "path", None)
    if template is not None:
        return str(template)
    return "(files)" if isinstance(scope.get("endpoint"), StaticFiles) else "(none)"
