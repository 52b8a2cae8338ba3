"""The edge: every error becomes one problem, as problem+json or as a page for a browser.

No answer carries a driver's text, a path or a trace; those go to the log with the request id.
"""

import errno
import json
import re
import secrets
import traceback
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridwarden.words.bounds import Bounded
from gridwarden.words.language import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import KINDS, Problem
from gridwarden.words.speech import known, say
from gridwarden.words.telling import log

# The longest prefix of the SQLSTATE that stands here decides; what does not is ours to fix.
BY_SQLSTATE: Final[dict[str, str]] = {
    "08": "unavailable",
    "22": "invalid_value",
    "23": "conflict",
    "23502": "missing_value",
    "23514": "invalid_value",
    "25006": "unavailable",
    "40": "busy",
    "42501": "forbidden",
    "53": "unavailable",
    "53100": "disk_full",
    "54": "too_large",
    "55P03": "busy",
    "57": "unavailable",
    "57014": "too_slow",
    "58": "unavailable",
    "58030": "disk_full",
}
BY_STATUS: Final[dict[int, str]] = {
    status: kind for kind, status in reversed(KINDS.items()) if kind != "internal"
}
_QUOTE_NAMES: Final = ("23", "42", "55")
"""Errors that quote tables, columns and rules; others quote what somebody gave."""
_QUOTED: Final = re.compile(r'"[^"]*"|“[^”]*”')
_DECIMAL: Final = re.compile(r"-?\d+[.]\d+(?:e[+-]?\d+)?")
_REASONS: Final[dict[str, str]] = {
    "missing": "missing",
    "json_invalid": "json",
    "extra_forbidden": "extra",
    "literal_error": "choice",
    "enum": "choice",
    "greater_than": "above",
    "greater_than_equal": "at_least",
    "less_than": "below",
    "less_than_equal": "at_most",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_pattern_mismatch": "pattern",
    "float_parsing": "number",
    "float_type": "number",
    "finite_number": "number",
    "decimal_parsing": "number",
    "int_parsing": "whole",
    "int_type": "whole",
    "int_from_float": "whole",
    "int_parsing_size": "whole",
    "bool_parsing": "truth",
    "bool_type": "truth",
    "date_from_datetime_parsing": "when",
    "date_parsing": "when",
    "datetime_parsing": "when",
    "datetime_from_date_parsing": "when",
}
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
REQUEST_ID: Final = re.compile(r"[0-9A-Fa-f-]{8,64}")
"""What a proxy may call a request: digits that no word, name or place hides in."""
_LIMITS: Final = ("gt", "ge", "lt", "le", "max_length", "min_length")


class RequestIds:
    """Gives each request an id (`request.state.request_id`), the one that a proxy gave it where it
    did, and says it in `X-Request-ID`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = given_id(scope) or secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = number

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = number
            await send(message)

        await self.app(scope, receive, numbered)


class Unhandled:
    """Answers an error that no handler takes, within the request's id, its count and its path; the
    framework's own place for it lies outside of them all. It is raised on, for the log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if scope["type"] == "http" and not begun:
                await from_anything(Request(scope), error)(scope, receive, send)
            raise


def given_id(scope: Scope) -> str | None:
    """The id that the request came with; None where it has none that can be taken over."""
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) != 1:
        return None
    said = given[0].decode("latin-1")
    return said if REQUEST_ID.fullmatch(said) else None


def is_full(error: BaseException) -> bool:
    """Whether a disk has no room left: ours, or the database's."""
    if isinstance(error, psycopg.Error):
        return kind_of(error) == "disk_full"
    return isinstance(error, OSError) and error.errno in FULL


def _clean(value: Any) -> Any:
    """Text that UTF-8 can carry: a lone surrogate from a caller must not break the answer."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def wants_page(request: Request) -> bool:
    """Whether this is a browser that shows a page: it asks for text/html before JSON."""
    accept = request.headers.get("accept", "")
    html, as_json = accept.find("text/html"), accept.find("json")
    return html >= 0 and (as_json < 0 or html < as_json)


def answer(
    request: Request, problem: Problem, errors: list[dict[str, str]] | None = None
) -> Response:
    """The response for one problem, in the caller's language and form."""
    lang = language_of(request)
    number = getattr(request.state, "request_id", "")
    problem.params.setdefault("seconds", problem.retry_after or 0)
    headers = {"Cache-Control": "no-store", **problem.headers}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    title, sentence = problem.title(lang), _clean(problem.said(lang))
    if wants_page(request):
        if problem.status == 401 and request.method == "GET" and request.url.path != "/login":
            return _to_login(request)
        context = {"title": title, "sentence": sentence, "request_id": number}
        return page(
            request, "words/problem.html", status_code=problem.status, headers=headers, **context
        )
    body: dict[str, Any] = {
        "type": problem.type,
        "title": title,
        "status": problem.status,
        "detail": sentence,
        "instance": _clean(request.url.path),
        "request_id": number,
    }
    if problem.field:
        body["field"] = _clean(problem.field)
    if errors:
        body["errors"] = errors
    body |= problem.members()
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    headers["Content-Language"] = lang
    return Response(text, problem.status, headers, "application/problem+json")


def _to_login(request: Request) -> Response:
    from urllib.parse import quote

    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(here, safe='')}", 303)


def _place(location: tuple[Any, ...]) -> str:
    """('body', 'area', 0) → 'area.0': the name as the caller wrote it.

    Of a parameter its name alone: what follows are the names of our types.
    """
    if location[0] in ("query", "path", "header", "cookie"):
        location = location[:2]
    parts = [str(part) for part in location]
    return ".".join(parts[1:] if len(parts) > 1 else parts) or "body"


def _reason(error: Mapping[str, Any], lang: str) -> str:
    context = error.get("ctx") or {}
    limit = next((context[name] for name in _LIMITS if name in context), "")
    key = _REASONS.get(str(error.get("type")), "other")
    return say(f"problem.reason.{key}", lang, expected=context.get("expected", ""), limit=limit)


def from_validation(request: Request, error: RequestValidationError) -> Response:
    """400 (OGC API asks for it; FastAPI's own 422 fails its suite), naming each field."""
    lang = language_of(request)
    named: dict[str, str] = {}
    for one in error.errors():  # one that may be of several types fails each: said once
        named.setdefault(_clean(_place(tuple(one["loc"]))), _clean(_reason(one, lang)))
    found = [{"field": field, "reason": reason} for field, reason in named.items()]
    first = found[0] if found else {"field": "body", "reason": say("problem.reason.other", lang)}
    missing = bool(error.errors()) and error.errors()[0].get("type") == "missing"
    kind = "missing_value" if missing else "invalid_value"
    problem = Problem(kind, "problem.invalid", field=first["field"], reason=first["reason"])
    return answer(request, problem, found)


def from_http(request: Request, error: HTTPException) -> Response:
    """Starlette's and FastAPI's own refusals (404, 405, 413 …) in our words."""
    refused: Problem | None = getattr(request.state, "refused", None)
    if refused is not None:
        return answer(request, refused)
    kind = BY_STATUS.get(error.status_code)
    if kind is None:
        kind = "internal" if error.status_code >= 500 else "bad_request"
    response = answer(request, Problem(kind))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    if error.status_code == 405:
        response.headers["Allow"] = ", ".join(_methods(request))
    return response


def _methods(request: Request) -> list[str]:
    """What the address takes, by all its routes: the framework names those of the first alone."""
    return [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def kind_of(error: psycopg.Error) -> str:
    """What a driver's error means for the caller, by SQLSTATE; 'internal' when it is our fault."""
    state = error.sqlstate or ""
    for length in (5, 2):
        if state[:length] in BY_SQLSTATE:
            return BY_SQLSTATE[state[:length]]
    if not state and isinstance(error, psycopg.OperationalError):
        return "unavailable"
    if not state and isinstance(error, psycopg.DataError):
        return "invalid_value"
    return "internal"


def problem_of(error: psycopg.Error) -> Problem:
    """A driver's error as a problem. Our own functions raise GW + status with their sentence, or
    with a key of the catalogue and what fills it as JSON in DETAIL.
    """
    kind, detail = kind_of(error), ""
    if (error.sqlstate or "").startswith("GW4"):
        kind = BY_STATUS.get(int((error.sqlstate or "")[2:]), "refused")
        detail = error.diag.message_primary or ""
        if known(detail):
            refused = Problem(kind, detail)
            refused.params |= json.loads(error.diag.message_detail or "{}")
            return refused
    # A sentence with a field to fill needs a name; the database does not say which it was.
    field = error.diag.column_name or error.diag.constraint_name or "request"
    named = kind in ("invalid_value", "missing_value")
    return Problem(kind, detail, field=field if named else None)


def from_database(request: Request, error: psycopg.Error) -> Response:
    """A driver's error as an answer."""
    problem = problem_of(error)
    number = getattr(request.state, "request_id", "")
    level = log.error if problem.kind == "internal" else log.warning
    level("database_error", request_id=number, sqlstate=error.sqlstate, error=told_of(error))
    return answer(request, problem)


def told_of(error: psycopg.Error) -> str:
    """What the log has of it: the primary message, for DETAIL quotes the row, and a row may hold
    the place of a main; without the values that it quotes, and the places that PostGIS names.
    """
    said = error.diag.message_primary or ""
    if not (error.sqlstate or "").startswith(_QUOTE_NAMES):
        said = _QUOTED.sub("…", said)
    return _DECIMAL.sub("…", said)


def from_system(request: Request, error: OSError) -> Response:
    """A full disk says so; what else the operating system refuses is ours to fix."""
    if not is_full(error):
        return from_anything(request, error)
    log.error("disk_full", request_id=getattr(request.state, "request_id", ""))
    return answer(request, Problem("disk_full"))


def from_anything(request: Request, error: Exception) -> Response:
    """500 without internals; the log has the place in the code under the same request id."""
    number = getattr(request.state, "request_id", "")
    # Where it broke, never what it said: an error's text may quote what it was given.
    trace = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    log.error("unhandled", request_id=number, error=kind, trace=trace)
    return answer(request, Problem("internal"))


def to_nobody(_: Request, __: ClientDisconnect) -> Response:
    """An upload that was cut: nobody reads the answer, and it is no fault of ours. Proxies call it
    499, too.
    """
    return Response(status_code=499)


def install(app: FastAPI) -> None:
    """Register request ids, sizes and the handlers above on this application."""
    app.add_middleware(Bounded)
    app.add_middleware(Unhandled)
    app.add_middleware(RequestIds)
    handlers: dict[Any, Any] = {
        Problem: answer,
        RequestValidationError: from_validation,
        HTTPException: from_http,
        psycopg.Error: from_database,
        OSError: from_system,
        ClientDisconnect: to_nobody,
        # a lone surrogate in a caller's text cannot be sent to the database
        UnicodeEncodeError: lambda r, _: answer(r, Problem("invalid_value", field="request")),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, _awaited(handler))


def _awaited(handler: Any) -> Any:
    """Starlette runs plain handlers in a thread; these only build text, so they stay here."""

    async def answered(request: Request, error: Exception) -> Response:
        response: Response = handler(request, error)
        return response

    return answered
