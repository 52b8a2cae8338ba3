"""`/accounts`: the pages of the security officer and the auditor."""

from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gridwarden.access.accounts import people, people_routes
from gridwarden.access.accounts.form import Typed
from gridwarden.access.accounts.people import Act
from gridwarden.access.accounts.people_routes import Days, Number, SecurityOfficer, Watcher
from gridwarden.access.browser import settings_of
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller, as_caller
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["access"])
ROLES: Final = (*ASKERS, *ADMINISTRATORS)
BLANK: Final = Typed(role="viewer")
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
    request: Request, caller: SecurityOfficer, typed: Annotated[Typed, Form()]
) -> Response:
    """A new account; its first password is shown once, on the page that answers."""
    hours = settings_of(request).first_password_hours
    try:
        async with as_caller(request.app.state.pool, caller) as c:
            asked = typed.new(language_of(request))
            person, password = await people_routes.add(c, asked, hours)
    except Problem as problem:
        return await _list(request, caller, problem, typed=typed)
    return await _list(request, caller, made=person, password=password, hours=hours)


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
        fields=Typed.of(person),
    )


@router.post("/accounts/{account}", response_class=HTMLResponse)
async def change(
    request: Request, account: Number, caller: SecurityOfficer, typed: Annotated[Typed, Form()]
) -> Response:
    """What one of the page's buttons does."""
    password = None
    try:
        async with as_caller(request.app.state.pool, caller) as c:
            person = await people.one_of(c, account)
            if typed.act == "reset_password":
                hours = settings_of(request).first_password_hours
                password = await people.reset_password(c, person, hours)
            elif typed.act == "reset_factor":
                await people.reset_factor(c, person)
            elif typed.act in get_args(Act):
                await people.act(c, person, typed.act)  # type: ignore[arg-type]
            else:
                await people_routes.change(c, person, typed.changed())
    except Problem as problem:
        return await _one(request, caller, account, problem)
    request.app.state.callers.forget()
    if password is not None:
        return await _one(request, caller, account, password=password)
    return RedirectResponse(f"/accounts/{account}", 303)
