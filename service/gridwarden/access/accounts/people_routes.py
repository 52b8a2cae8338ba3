"""`/api/accounts`: the security officer's work on accounts; the auditor reads it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel

from gridwarden.access.accounts import people
from gridwarden.access.accounts.form import ChangedAccount, NewAccount
from gridwarden.access.accounts.people import Act, Connection, Person
from gridwarden.access.audience import allow
from gridwarden.access.browser import settings_of
from gridwarden.database import Caller, as_caller

router = APIRouter(tags=["access"])
SecurityOfficer = Annotated[Caller, allow("security")]
Watcher = Annotated[Caller, allow("security", "auditor")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Days = Annotated[int | None, Query(ge=0, le=3650, description="default: the office's setting")]


class Account(BaseModel):
    """An account, without its password and its second factor."""

    id: int
    name: str
    full_name: str
    role: str
    org_ids: list[int]
    district_ids: list[int]
    grid_ids: list[int]
    all_districts: bool
    language: str
    created_at: datetime
    created_by: str | None
    disabled_at: datetime | None
    last_seen_at: datetime | None
    locked_until: datetime | None
    must_change: bool
    password_at: datetime | None
    has_password: bool
    has_factor: bool


class Accounts(BaseModel):
    """All accounts, on one page."""

    items: list[Account]
    next: str | None = None


class MadeAccount(Account):
    """A new account, or one with a new first password, which is not to be had again."""

    first_password: str
    first_password_hours: int


class Dormant(BaseModel):
    """An account or a key that nobody has used since then."""

    what: str
    id: int
    name: str
    full_name: str
    role: str
    since: datetime
    never: bool


class DormantList(BaseModel):
    """Who and what was not used for `days` days, the longest first."""

    days: int
    items: list[Dormant]
    next: str | None = None


def shown(person: Person) -> Account:
    """The account as the API tells it."""
    return Account.model_validate(_document(person))


def _document(person: Person) -> dict[str, object]:
    bounds = person.bounds
    plain = {name: getattr(person, name) for name in Account.model_fields if hasattr(person, name)}
    return plain | {
        "org_ids": list(bounds.org_ids),
        "district_ids": list(bounds.district_ids),
        "grid_ids": list(bounds.grid_ids),
        "all_districts": bounds.all_districts,
    }


async def add(c: Connection, asked: NewAccount, hours: int) -> tuple[Person, str]:
    """The new account and its first password. Raises Problem."""
    number = await people.add(c, await asked.made(c))
    password = await people.reset_password(c, await people.one_of(c, number), hours)
    return await people.one_of(c, number), password


async def change(c: Connection, person: Person, asked: ChangedAccount) -> None:
    """Write what is to be another. Raises Problem."""
    await people.change(c, person, await asked.wanted(c, person.wanted))


@router.get("/api/accounts")
async def accounts(request: Request, caller: Watcher) -> Accounts:
    """Every account; the disabled ones last."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await people.everybody(c)
    return Accounts(items=[shown(one) for one in found])


@router.get("/api/accounts/dormant")
async def dormant(request: Request, caller: Watcher, days: Days = None) -> DormantList:
    """Accounts and keys that nobody has used for so many days."""
    days = settings_of(request).dormant_days if days is None else days
    async with as_caller(request.app.state.pool, caller) as c:
        found = await people.dormant(c, days)
    return DormantList(days=days, items=[Dormant.model_validate(one) for one in found])


@router.post("/api/accounts", status_code=201)
async def make(request: Request, caller: SecurityOfficer, asked: NewAccount) -> MadeAccount:
    """A new account with a first password, said once."""
    hours = settings_of(request).first_password_hours
    async with as_caller(request.app.state.pool, caller) as c:
        person, password = await add(c, asked, hours)
    return _made(person, password, hours)


def _made(person: Person, password: str, hours: int) -> MadeAccount:
    first = {"first_password": password, "first_password_hours": hours}
    return MadeAccount.model_validate(_document(person) | first)


@router.get("/api/accounts/{account}")
async def account(request: Request, account: Number, caller: Watcher) -> Account:
    """One account."""
    async with as_caller(request.app.state.pool, caller) as c:
        return shown(await people.one_of(c, account))


@router.patch("/api/accounts/{account}")
async def alter(
    request: Request, account: Number, caller: SecurityOfficer, asked: ChangedAccount
) -> Account:
    """Other rights or another name; sessions and keys of the account end with its former rights."""
    async with as_caller(request.app.state.pool, caller) as c:
        await change(c, await people.one_of(c, account), asked)
        changed = await people.one_of(c, account)
    request.app.state.callers.forget()
    return shown(changed)


@router.post("/api/accounts/{account}/reset-password")
async def reset_password(request: Request, account: Number, caller: SecurityOfficer) -> MadeAccount:
    """A new first password, said once; sessions of the account end."""
    hours = settings_of(request).first_password_hours
    async with as_caller(request.app.state.pool, caller) as c:
        password = await people.reset_password(c, await people.one_of(c, account), hours)
        person = await people.one_of(c, account)
    request.app.state.callers.forget()
    return _made(person, password, hours)


@router.post("/api/accounts/{account}/reset-factor")
async def reset_factor(request: Request, account: Number, caller: SecurityOfficer) -> Account:
    """Take a lost second factor away; sessions of the account end."""
    async with as_caller(request.app.state.pool, caller) as c:
        await people.reset_factor(c, await people.one_of(c, account))
        person = await people.one_of(c, account)
    request.app.state.callers.forget()
    return shown(person)


@router.post("/api/accounts/{account}/disable")
async def disable(request: Request, account: Number, caller: SecurityOfficer) -> Account:
    """End an account at once: its sessions, its keys (for good), and signing in."""
    return await _act(request, account, caller, "disable")


@router.post("/api/accounts/{account}/enable")
async def enable(request: Request, account: Number, caller: SecurityOfficer) -> Account:
    """Open a disabled account again; its keys stay ended."""
    return await _act(request, account, caller, "enable")


@router.post("/api/accounts/{account}/unlock")
async def unlock(request: Request, account: Number, caller: SecurityOfficer) -> Account:
    """Open an account that too many wrong passwords closed."""
    return await _act(request, account, caller, "unlock")


async def _act(request: Request, account: int, caller: Caller, act: Act) -> Account:
    async with as_caller(request.app.state.pool, caller) as c:
        await people.act(c, await people.one_of(c, account), act)
        person = await people.one_of(c, account)
    request.app.state.callers.forget()
    return shown(person)
