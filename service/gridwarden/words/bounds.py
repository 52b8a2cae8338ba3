"""Sizes that no request may pass, held before anything of it is parsed.

Bodies that a route reads by itself (files, areas) have limits of their own, beside their reader.
"""

import re
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridwarden.words.problems import Problem

MAX_BODY: Final = 1_000_000
"""Bytes of a body that is parsed for a route: JSON or a form."""
MAX_TARGET: Final = 16_384
"""Bytes of an address with its query."""
MAX_HEADERS: Final = 32_768
"""Bytes of all headers together."""
MAX_DEPTH: Final = 32
"""Brackets within brackets; GeoJSON in a question needs seven."""
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


def demand_shallow(body: bytes) -> None:
    """Raises Problem `bad_request` for JSON that is nested deeper than `MAX_DEPTH`."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for found in _BRACKETS.finditer(body):
        first = found[0][0]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Problem("bad_request", "limits.deep", field="body", limit=MAX_DEPTH)
        elif first in b"]}":
            depth -= 1


class Bounded:
    """The middleware: the address and the headers at once, a body while it arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        problem = _too_long(scope)
        if problem is not None:
            from gridwarden.words.answers import answer

            await answer(Request(scope), problem)(scope, receive, send)
            return
        await self.app(scope, _Body(scope, receive), send)


class _Body:
    """The messages of one request, counted, and its JSON measured when it is whole."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.size = 0
        self.parts: list[bytes] = []

    async def __call__(self) -> Message:
        message = await self.receive()
        if message["type"] != "http.request" or not _is_parsed(self.scope):
            return message
        part = message.get("body", b"")
        self.size += len(part)
        if self.size > MAX_BODY:
            self._refuse(
                Problem("too_large", "limits.body", field="body", kilobytes=MAX_BODY // 1000)
            )
        self.parts.append(part)
        if not message.get("more_body", False):
            whole, self.parts = b"".join(self.parts), []
            if whole.lstrip()[:1] in (b"{", b"["):
                try:
                    demand_shallow(whole)
                except Problem as problem:
                    self._refuse(problem)
        return message

    def _refuse(self, problem: Problem) -> None:
        """The framework turns every error of a body but its own into a bare 400: it gets its own,
        and the answer is made of what is kept here."""
        self.scope["state"]["refused"] = problem
        raise HTTPException(problem.status)


def _is_parsed(scope: Scope) -> bool:
    """Whether the framework parses the body for the route that was found."""
    return getattr(scope.get("route"), "body_field", None) is not None


def _too_long(scope: Scope) -> Problem | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET:
        return Problem("uri_too_long")
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    names = [name for name, _ in query]
    if len(names) > len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        return Problem("invalid_value", "asked.repeated", field=twice[:60])
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
        return Problem("headers_too_large")
    return None
