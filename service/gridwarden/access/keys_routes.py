"""`/api/keys`: the security officer lists, makes, exchanges and ends keys."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.access import credentials
from gridwarden.access.accounts import people
from gridwarden.access.audience import allow
from gridwarden.access.bounds import MOST, bounds_called, demand_fitting, demand_role
from gridwarden.access.browser import settings_of
from gridwarden.access.scopes import SCOPES
from gridwarden.database import ADMINISTRATORS, Caller, as_caller
from gridwarden.words.problems import Problem

router = APIRouter(tags=["access"])
SecurityOfficer = Annotated[Caller, allow("security")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Called = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Called], Field(max_length=MOST)]


class Key(BaseModel):
    """A key that holds; its secret is not kept."""

    id: int
    label: str | None
    role: str
    person: str
    org_ids: list[int]
    district_ids: list[int]
    grid_ids: list[int]
    all_districts: bool
    scopes: list[str]
    account_id: int | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    former_until: datetime | None
    made_by: str | None


class Keys(BaseModel):
    """All keys that hold, on one page."""

    items: list[Key]
    next: str | None = None


class NewKey(BaseModel):
    """What a key may do; everything that is not named here is refused."""

    model_config = ConfigDict(extra="forbid")

    role: str = Field(max_length=40)
    label: str = Field(min_length=1, max_length=200, description="what it is for")
    account: str | None = Field(default=None, max_length=64, description="whose it is: a name")
    organisations: Names = Field(default_factory=list)
    districts: Names = Field(default_factory=list)
    grids: Names = Field(default_factory=list)
    all_districts: bool = False
    scopes: list[str] = Field(
        default_factory=lambda: ["read"], min_length=1, max_length=len(SCOPES)
    )
    days: int = Field(default=90, ge=1, le=3650)


class MadeKey(BaseModel):
    """A key that was just made or exchanged; `key` is not to be had again."""

    id: int
    key: str
    former_until: datetime | None = None


@router.get("/api/keys")
async def keys(request: Request, caller: SecurityOfficer) -> Keys:
    """The keys that hold, newest first, without their secrets."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await credentials.keys(c)
    return Keys(items=[Key.model_validate(one) for one in found])


@router.post("/api/keys", status_code=201)
async def make(request: Request, caller: SecurityOfficer, asked: NewKey) -> MadeKey:
    """Make a key of a role, no wider than is said here; it reads, unless `scopes` say more."""
    demand_role(asked.role)
    if strange := sorted(set(asked.scopes) - set(SCOPES)):
        known = ", ".join(SCOPES)
        raise Problem(
            "invalid_value", "accounts.no_scope", field="scopes", scope=strange[0][:80], known=known
        )
    async with as_caller(request.app.state.pool, caller) as c:
        acts_as = await _caller(c, asked, caller)
        made = await credentials.make(
            c,
            "key",
            acts_as,
            timedelta(days=asked.days),
            asked.label,
            own_person=asked.account is None,
            scopes=sorted(set(asked.scopes)),
        )
    return MadeKey(id=made.id, key=made.secret)


async def _caller(c: AsyncConnection[TupleRow], asked: NewKey, officer: Caller) -> Caller:
    """Whom the key acts as. Raises Problem for bounds that do not fit the role or the account."""
    bounds = await bounds_called(
        c, asked.organisations, asked.districts, asked.grids, asked.all_districts
    )
    demand_fitting(asked.role, bounds)
    number: int | None = None
    if asked.account is not None:
        owner = await people.one_called(c, asked.account)
        if owner.role != asked.role or not bounds.within(owner.bounds) or owner.disabled_at:
            raise Problem("conflict", "accounts.key_too_wide", field="account", name=owner.name)
        number = owner.id
    elif asked.role in ADMINISTRATORS:
        raise Problem("missing_value", "accounts.administrator_key", field="account")
    return Caller(
        asked.role,
        officer.person if asked.account is None else owner.name,
        bounds.org_ids,
        bounds.district_ids,
        bounds.all_districts,
        grid_ids=bounds.grid_ids,
        account=number,
    )


@router.post("/api/keys/{key}/rotate", status_code=201)
async def rotate(request: Request, key: Number, caller: SecurityOfficer) -> MadeKey:
    """Give a key a new secret; the one before holds for GRIDWARDEN_KEY_GRACE_HOURS more."""
    grace = timedelta(hours=settings_of(request).key_grace_hours)
    async with as_caller(request.app.state.pool, caller) as c:
        made = await credentials.rotate(c, key, grace)
        if made is None:
            raise Problem("not_found", "access.no_key", field="key")
        now = next(one for one in await credentials.keys(c) if one["id"] == key)
    request.app.state.callers.forget()
    return MadeKey(id=key, key=made.secret, former_until=now["former_until"])


@router.delete("/api/keys/{key}", status_code=204)
async def revoke(request: Request, key: Number, caller: SecurityOfficer) -> Response:
    """End a key. It stops working at once here, within 5 s in other processes."""
    async with as_caller(request.app.state.pool, caller) as c:
        ended = await credentials.revoke(c, key)
    if not ended:
        raise Problem("not_found", "access.no_key", field="key")
    request.app.state.callers.forget()
    return Response(status_code=204)
