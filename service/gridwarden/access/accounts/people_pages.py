"""`/accounts`: the pages of the security officer and the auditor."""

from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from gridwarden.access.accounts import people, people_routes
from gridwarden.access.accounts.people import Act
from gridwarden.access.accounts.people_routes import (
    ChangedAccount,
    Days,
    NewAccount,
    Number,
    SecurityOfficer,
    Watcher,
)
from gridwarden.access.browser import settings_of
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller, as_caller
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["access"])
Text = Annotated[str, Form(max_length=2000)]
ROLES: Final = (*ASKERS, *ADMINISTRATORS)
BLANK: Final[dict[str, Any]] = {
    "name": "",
    "full_name": "",
    "role": "viewer",
    "organisations": [],
    "districts": [],
    "grids": [],
    "all_districts": False,
}
"""The form of a new account, before anything is typed."""


@router.get("/accounts", response_class=HTMLResponse)
async def accounts_page(request: Request, caller: Watcher) -> HTMLResponse:
    """Every account, and a form for a new one."""
    return await _list(request, caller)


async def _list(
    request: Request, caller: Caller, problem: Problem | None = None, **shown: Any
) -> HTMLResponse:
    async with as_caller(request.app.state.pool, caller) as c:
        found = await people.everybody(c)
    return page(
        request,
        "access/accounts.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        sentence=problem.said(language_of(request)) if problem else None,
        people=found,
        roles=ROLES,
        works=caller.role == "security",
        **({"made": None, "password": None, "hours": 0, "typed": BLANK} | shown),
    )


@router.get("/accounts/dormant", response_class=HTMLResponse)
async def dormant_page(request: Request, caller: Watcher, days: Days = None) -> HTMLResponse:
    """Accounts and keys that nobody has used for so many days."""
    days = settings_of(request).dormant_days if days is None else days
    async with as_caller(request.app.state.pool, caller) as c:
        found = await people.dormant(c, days)
    return page(request, "access/dormant.html", caller=caller, days=days, found=found)


@router.post("/accounts", response_class=HTMLResponse)
async def add(
    request: Request,
    caller: SecurityOfficer,
    name: Text = "",
    full_name: Text = "",
    role: Text = "",
    organisations: Text = "",
    districts: Text = "",
    grids: Text = "",
    all_districts: Text = "",
) -> Response:
    """A new account; its first password is shown once, on the page that answers."""
    typed = {
        "name": name.strip(),
        "full_name": full_name.strip(),
        "role": role,
        "organisations": several(organisations),
        "districts": several(districts),
        "grids": several(grids),
        "all_districts": bool(all_districts),
        "language": language_of(request),
    }
    hours = settings_of(request).first_password_hours
    try:
        async with as_caller(request.app.state.pool, caller) as c:
            person, password = await people_routes.add(c, _read(typed), hours)
    except Problem as problem:
        return await _list(request, caller, problem, typed=typed)
    return await _list(request, caller, made=person, password=password, hours=hours)


def _read(typed: dict[str, Any]) -> NewAccount:
    try:
        return NewAccount.model_validate(typed)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise Problem("invalid_value", "accounts.form", field=field) from None


def several(text: str) -> list[str]:
    """Names of a field: one in a line, or with semicolons or the Chinese comma between."""
    for sign in ("；", ";", "、", "\r"):
        text = text.replace(sign, "\n")
    return [part.strip() for part in text.split("\n") if part.strip()]


@router.get("/accounts/{account}", response_class=HTMLResponse)
async def account_page(request: Request, account: Number, caller: Watcher) -> HTMLResponse:
    """One account and what can be done with it."""
    return await _one(request, caller, account)


async def _one(
    request: Request,
    caller: Caller,
    account: int,
    problem: Problem | None = None,
    password: str | None = None,
) -> HTMLResponse:
    async with as_caller(request.app.state.pool, caller) as c:
        person = await people.one_of(c, account)
    return page(
        request,
        "access/one_account.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        sentence=problem.said(language_of(request)) if problem else None,
        person=person,
        roles=ROLES,
        works=caller.role == "security",
        password=password,
        hours=settings_of(request).first_password_hours,
        fields={
            "full_name": person.full_name,
            "role": person.role,
            "organisations": [str(one) for one in person.bounds.org_ids],
            "districts": [str(one) for one in person.bounds.district_ids],
            "grids": [str(one) for one in person.bounds.grid_ids],
            "all_districts": person.bounds.all_districts,
        },
    )


@router.post("/accounts/{account}", response_class=HTMLResponse)
async def change(
    request: Request,
    account: Number,
    caller: SecurityOfficer,
    act: Text = "",
    full_name: Text = "",
    role: Text = "",
    organisations: Text = "",
    districts: Text = "",
    grids: Text = "",
    all_districts: Text = "",
) -> Response:
    """What one of the page's buttons does."""
    asked = {
        "full_name": full_name.strip() or None,
        "role": role or None,
        "organisations": several(organisations),
        "districts": several(districts),
        "grids": several(grids),
        "all_districts": bool(all_districts),
    }
    password = None
    try:
        async with as_caller(request.app.state.pool, caller) as c:
            person = await people.one_of(c, account)
            if act == "reset_password":
                hours = settings_of(request).first_password_hours
                password = await people.reset_password(c, person, hours)
            elif act == "reset_factor":
                await people.reset_factor(c, person)
            elif act in get_args(Act):
                await people.act(c, person, act)  # type: ignore[arg-type]
            else:
                await people_routes.change(c, person, _change(asked))
    except Problem as problem:
        return await _one(request, caller, account, problem)
    request.app.state.callers.forget()
    if password is not None:
        return await _one(request, caller, account, password=password)
    return RedirectResponse(f"/accounts/{account}", 303)


def _change(asked: dict[str, Any]) -> ChangedAccount:
    try:
        return ChangedAccount.model_validate(asked)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise Problem("invalid_value", "accounts.form", field=field) from None
