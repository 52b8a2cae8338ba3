"""Who may use a route: declared on the route itself, and unlisted is denied.

    async def findings(caller: Annotated[Caller, allow("utility", "planner")]): ...
    @router.get("/healthz", dependencies=[everyone()])

A test walks every route and fails on one that declares neither. A key may be narrower than its
role: its scopes are held here, for every route at once.
"""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fastapi import Depends, Request

from gridwarden.access.cookies import SESSION, cookie_of, same_site
from gridwarden.access.limits import held_to
from gridwarden.access.scopes import EVERYTHING, admits, needed
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller, Pool, queries
from gridwarden.words import language_of
from gridwarden.words.problems import Problem

if TYPE_CHECKING:
    from gridwarden.access.oidc.provider import Provider

Q = queries(__package__ or "gridwarden.access", "audience.sql")
COOKIE = SESSION
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CACHE_S = 5.0


@dataclass(frozen=True)
class Audience:
    """The roles a route answers to; calling it with a request gives the Caller or a Problem."""

    roles: tuple[str, ...]

    async def __call__(self, request: Request) -> Caller:
        caller = await _counted(request)
        if caller.role not in self.roles:
            raise Problem("forbidden", role=caller.role)
        if not admits(caller.scopes, request):
            raise Problem("forbidden", "accounts.scope", field="scopes", scope=needed(request))
        request.state.caller = caller
        return caller


@dataclass(frozen=True)
class Anybody:
    """The audience of a route that anonymous callers reach."""

    async def __call__(self, request: Request) -> None:
        """Nobody is asked who they are; their address is counted."""
        await held_to(request, None)


def allow(*roles: str) -> Any:
    """The audience of a route, as a dependency that gives the Caller.

    Raises ValueError for a role that does not exist, when the route is declared.
    """
    for role in roles:
        if role not in ASKERS + ADMINISTRATORS:
            raise ValueError(f"no such asking role: {role}")
    return Depends(Audience(roles))


def everyone() -> Any:
    """The route is open to anonymous callers (design: health, login, assets, OGC landing)."""
    return Depends(Anybody())


@dataclass
class Callers:
    """Callers by the hash of their key, session or token, remembered for seconds; one per
    application.
    """

    known: dict[tuple[str, bytes], tuple[float, Caller | None]] = field(default_factory=dict)
    asking: dict[tuple[str, bytes, bool], asyncio.Task[Caller | None]] = field(default_factory=dict)
    """Questions that are under way: of sixty requests with one key, one asks the database."""

    async def by_secret(
        self, pool: Pool, kind: str, secret: str, seen: bool = True
    ) -> Caller | None:
        """The caller who holds this key or session, or None; `seen` counts as its use, which is
        written at most once a minute.
        """
        key = (kind, hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest())
        now = time.monotonic()
        if key in self.known and self.known[key][0] > now:
            return self.known[key][1]
        asking = self.asking.get((*key, seen))
        if asking is None:
            asking = asyncio.create_task(self._asked(pool, key, seen))
            self.asking[(*key, seen)] = asking
        try:
            return await asyncio.shield(asking)
        finally:
            if self.asking.get((*key, seen)) is asking:
                del self.asking[(*key, seen)]

    async def _asked(self, pool: Pool, key: tuple[str, bytes], seen: bool) -> Caller | None:
        kind, hashed = key
        async with pool.connection() as connection:
            cursor = await connection.execute(Q["caller_of"], {"kind": kind, "hash": hashed})
            row = await cursor.fetchone()
            if row and row[0] and row[0]["unseen"] and seen:
                await connection.execute(Q["used"], {"id": row[0]["id"]})
        caller: Caller | None = _caller(kind, row[0]) if row and row[0] else None
        if self.asking.get((*key, seen)) is asyncio.current_task():  # nothing was revoked meanwhile
            self._keep(key, CACHE_S, caller)
        return caller

    async def by_token(self, pool: Pool, provider: "Provider", token: str) -> Caller:
        """The caller whom an access token of the sign-in provider names.

        Raises Problem `not_signed_in` for one that does not hold, and `forbidden` for a person
        without a place here.
        """
        key = ("token", hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest())
        now = time.monotonic()
        kept = self.known.get(key)
        if kept is not None and kept[0] > now and kept[1] is not None:
            return kept[1]
        from gridwarden.access.oidc.bearer import document_of  # what checks tokens is heavy

        document, until = await document_of(pool, provider, token)
        caller = _caller("token", document)
        self._keep(key, min(CACHE_S, until - time.time()), caller)
        return caller

    def _keep(self, key: tuple[str, bytes], seconds: float, caller: Caller | None) -> None:
        if len(self.known) > 10_000:
            self.known.clear()
        self.known[key] = (time.monotonic() + seconds, caller)

    def forget(self) -> None:
        """After a key was revoked or a session ended."""
        self.known.clear()
        self.asking.clear()


async def caller_of(request: Request) -> Caller | None:
    """Who sent this request, by bearer key or token, or session cookie; None for an anonymous one.

    Raises Problem `not_signed_in` for a key or token that does not hold, and `forbidden` for a
    cookie-authenticated change that another site sent.
    """
    app = request.app.state
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise Problem("not_signed_in", field="Authorization")
        caller: Caller | None
        if app.provider is not None and secret.startswith("ey") and secret.count(".") == 2:
            caller = await app.callers.by_token(app.pool, app.provider, secret)
        else:
            caller = await app.callers.by_secret(app.pool, "key", secret)
        if caller is None:
            raise Problem("not_signed_in", field="Authorization")
    else:
        cookie = cookie_of(request, SESSION)
        if not cookie:
            return None
        # A feed goes on by itself: it does not say that anybody sits there.
        seen = "text/event-stream" not in request.headers.get("accept", "")
        caller = await app.callers.by_secret(app.pool, "session", cookie, seen)
        if caller is None:
            return None
        if request.method not in SAFE_METHODS and not same_site(request):
            raise Problem("forbidden", "access.other_site", field="Origin")
    return replace(caller, language=language_of(request))


async def _counted(request: Request) -> Caller:
    """The caller, held to the limits. Who shows no key, or a wrong one, counts by address."""
    try:
        caller = await caller_of(request)
    except Problem:
        await held_to(request, None)
        raise
    if caller is None:
        await held_to(request, None)
        raise Problem("not_signed_in")
    await held_to(request, caller)
    return caller


def _caller(kind: str, document: Mapping[str, Any]) -> Caller:
    scopes = frozenset(document["scopes"] or EVERYTHING)
    return Caller(
        role=document["role"],
        person=document["person"],
        org_ids=tuple(document["org_ids"]),
        district_ids=tuple(document["district_ids"]),
        all_districts=document["all_districts"],
        language=document["language"],
        made_by=document["made_by"],
        grid_ids=tuple(document["grid_ids"]),
        scopes=None if scopes >= EVERYTHING else scopes,
        credential=(kind, document["id"]),
        account=document["account"],
    )
