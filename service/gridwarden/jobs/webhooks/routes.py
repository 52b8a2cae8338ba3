"""`/api/webhooks`: addresses of your own that are told of what your key may see."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.access import allow
from gridwarden.access.credentials import hash_of
from gridwarden.database import Caller, as_caller, queries
from gridwarden.jobs.events.asking import FILTERS, values_of
from gridwarden.jobs.events.places import places_of
from gridwarden.jobs.events.routes import TOLD
from gridwarden.jobs.webhooks.addresses import LONGEST, target_of
from gridwarden.jobs.webhooks.sending import new_message_id
from gridwarden.jobs.webhooks.signing import new_secret
from gridwarden.words import say
from gridwarden.words.problems import Problem

router = APIRouter(prefix="/api/webhooks", tags=["events"])
Q = queries(__package__ or "gridwarden.jobs.webhooks", "webhooks.sql")
READS: Final = "read:events"
"""What a key needs besides: messages are what it would read."""
MOST: Final = 20
"""Webhooks that one key may have."""
Owner = Annotated[Caller, allow(*TOLD)]
Id = Annotated[int, Path(ge=1, lt=2**63)]


class NewWebhook(BaseModel):
    """Where to, and of what: without filters of everything that the key may see."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=LONGEST)]
    topic: Literal["finding", "import", "case"] | None = None
    family: Annotated[str, Field(max_length=200)] | None = None
    layer: Annotated[str, Field(max_length=200)] | None = None
    severity: Literal["general", "serious", "major"] | None = None
    district: Annotated[str, Field(max_length=200)] | None = None


class Webhook(BaseModel):
    """A webhook as its owner sees it: how many deliveries are `waiting`, and the last error for as
    long as one of them has failed.
    """

    id: int
    url: str
    filters: dict[str, Any]
    state: str
    say: str | None = None
    waiting: int
    failing_since: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    last_delivered_at: datetime | None
    lost_at: datetime | None
    created_at: datetime
    key_id: int
    key_label: str | None
    key_expires_at: datetime


class MadeWebhook(Webhook):
    """One that was just made; `secret` is not to be had again."""

    secret: str


class Webhooks(BaseModel):
    """All of yours, on one page."""

    items: list[Webhook]
    next: str | None = None


class Delivery(BaseModel):
    """One message: how often it was tried, and what came of it."""

    message_id: str
    type: str
    subject: str
    attempts: int
    status: int | None
    error: str | None
    created_at: datetime
    tried_at: datetime | None
    delivered_at: datetime | None
    next_at: datetime | None


class Deliveries(BaseModel):
    """A page of messages, newest first."""

    items: list[Delivery]
    next: str | None


@router.post("", status_code=201)
async def add(request: Request, wanted: NewWebhook, caller: Owner) -> MadeWebhook:
    """Tell this address, from now on, what your key may see, for as long as the key holds."""
    key = _key(request)
    if caller.scopes is not None and not caller.scopes & {"read", READS}:
        raise Problem("forbidden", "accounts.scope", field="scopes", scope=READS)
    target = await target_of(wanted.url, request.app.state.settings.webhook_networks)
    given = {n: v for n in FILTERS if (v := getattr(wanted, n)) is not None}
    secret = new_secret()
    async with as_caller(request.app.state.pool, caller) as c:
        filters = {n: v for n, v in (await values_of(c, given)).items() if v is not None}
        values = {
            "key_hash": hash_of(key),
            "url": str(target.url),
            "secret": secret,
            "filters": Jsonb(filters),
            "most": MOST,
        }
        made = await _first(c, "add", values)
        if made is None:
            raise Problem("refused", "webhooks.needs_key", field="Authorization")
        if "full" in made:
            raise Problem("conflict", "webhooks.too_many", field="url", most=made["full"])
        [row] = await _own(c, caller, made["id"])
    return MadeWebhook(**row.model_dump(), secret=secret)


@router.get("")
async def webhooks(request: Request, caller: Owner) -> Webhooks:
    """Your webhooks: a company's, or your own."""
    async with as_caller(request.app.state.pool, caller) as c:
        return Webhooks(items=await _own(c, caller))


@router.get("/{webhook}")
async def webhook_state(request: Request, webhook: Id, caller: Owner) -> Webhook:
    """One of yours: whether it is on, and its last error."""
    async with as_caller(request.app.state.pool, caller) as c:
        return (await _own(c, caller, webhook))[0]


@router.delete("/{webhook}", status_code=204)
async def drop(request: Request, webhook: Id, caller: Owner) -> Response:
    """Tell this address nothing more."""
    async with as_caller(request.app.state.pool, caller) as c:
        if not await _first(c, "drop", {"id": webhook}):
            raise Problem("not_found", "webhooks.none", field="webhook")
    return Response(status_code=204)


@router.post("/{webhook}/resume")
async def resume(request: Request, webhook: Id, caller: Owner) -> Webhook:
    """Go on with a paused one where it stopped; every waiting message gets all its tries again."""
    async with as_caller(request.app.state.pool, caller) as c:
        was = await _first(c, "resume", {"id": webhook})
        if was == "ended":
            raise Problem("conflict", "webhooks.ended", field="webhook")
        return (await _own(c, caller, webhook))[0]


@router.post("/{webhook}/test", status_code=202)
async def test(request: Request, webhook: Id, caller: Owner) -> dict[str, str]:
    """Send a message of type `test`; among the deliveries, its id says what came of it."""
    async with as_caller(request.app.state.pool, caller) as c:
        sent = await _first(c, "test", {"id": webhook, "message_id": new_message_id()})
        if sent is None:
            raise Problem("not_found", "webhooks.none", field="webhook")
        if "state" in sent:
            raise Problem("conflict", f"webhooks.{sent['state']}", field="webhook")
        return {"message_id": str(await _first(c, "message", sent))}


@router.get("/{webhook}/deliveries")
async def deliveries(
    request: Request,
    webhook: Id,
    caller: Owner,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="from `next`")] = None,
) -> Deliveries:
    """Its messages, newest first, without their texts.

    They are numbered with those of all webhooks, so that their places are sealed, too.
    """
    places = places_of(request.app.state.settings, caller, f"deliveries {webhook}")
    before = 2**63 - 1 if cursor is None else places.open(cursor)
    values = {"webhook": webhook, "before": before, "limit": limit + 1}
    async with as_caller(request.app.state.pool, caller) as c:
        await _own(c, caller, webhook)
        if before is None:
            raise Problem("invalid_value", "webhooks.bad_cursor", field="cursor")
        async with c.cursor(row_factory=dict_row) as r:
            found = await (await r.execute(Q["deliveries"], values)).fetchall()
    items = [Delivery.model_validate(row) for row in found[:limit]]
    if len(found) <= limit:
        return Deliveries(items=items, next=None)
    following = places.seal(found[limit - 1]["place"])
    path = f"/api/webhooks/{webhook}/deliveries?limit={limit}&cursor={following}"
    return Deliveries(items=items, next=path)


def _key(request: Request) -> str:
    """The key that the caller acts by. Raises Problem for a browser's session, which soon ends."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Problem("refused", "webhooks.needs_key", field="Authorization")
    return secret.strip()


async def _own(
    c: AsyncConnection[TupleRow], caller: Caller, webhook: int | None = None
) -> list[Webhook]:
    """The caller's, or the one of this id. Raises Problem `not_found`."""
    async with c.cursor(row_factory=dict_row) as r:
        rows = await (await r.execute(Q["own"], {"id": webhook})).fetchall()
    if webhook is not None and not rows:
        raise Problem("not_found", "webhooks.none", field="webhook")
    for row in rows:
        why = row.pop("why")
        row["say"] = say(f"webhooks.why.{why}", caller.language) if why else None
    return [Webhook.model_validate(row) for row in rows]


async def _first(c: AsyncConnection[TupleRow], name: str, values: dict[str, Any]) -> Any:
    row = await (await c.execute(Q[name], values)).fetchone()
    return row[0] if row else None
