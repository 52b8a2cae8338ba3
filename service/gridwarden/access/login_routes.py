"""Signing in and out: `/login` by name and password or by a one-time link, then what else the
account needs (a code, a new password, a second factor), then the page that was asked for.
"""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gridwarden.access import credentials
from gridwarden.access.accounts import factor, signing_in
from gridwarden.access.accounts.signing_in import STEP, Account
from gridwarden.access.audience import allow, everyone
from gridwarden.access.browser import (
    browser_of,
    demand_form,
    form_token,
    give_form_token,
    let_in,
    own_path,
    place_of,
    settings_of,
)
from gridwarden.access.cookies import (
    SESSION,
    cookie_of,
    drop_cookie,
    is_secure,
    same_site,
    set_cookie,
)
from gridwarden.access.cookies import STEP as STEP_COOKIE
from gridwarden.access.oidc import flow
from gridwarden.access.sealing import seal, unseal
from gridwarden.access.tls.making import is_there
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["access"])
Anyone = Annotated[Caller, allow(*ASKERS, *ADMINISTRATORS)]
NextPage = Annotated[str, Query(alias="next", max_length=2000)]
NextField = Annotated[str, Form(alias="next", max_length=2000)]
Secret = Annotated[str, Form(max_length=1000)]
Short = Annotated[str, Form(max_length=200)]
PAGES: Final = {"factor": "/login/factor", "password": "/login/password", "enrol": "/login/enrol"}


@router.get("/login", dependencies=[everyone()], response_class=HTMLResponse)
async def login_page(
    request: Request,
    link: Annotated[str, Query(max_length=200)] = "",
    next_page: NextPage = "",
) -> HTMLResponse:
    """Name and password; with a link one button. Opening the address does not use the link up:
    chat programs and mail scanners open the links that they are shown.
    """
    holds = bool(link) and await credentials.link_holds(request.app.state.pool, link)
    ended = cookie_of(request, SESSION) is not None
    return shown_login(
        request,
        status_code=410 if link and not holds else 200,
        link=link,
        holds=holds,
        next_page=own_path(next_page),
        ended=settings_of(request).idle_minutes if ended and not link else None,
    )


def shown_login(request: Request, problem: Problem | None = None, **shown: Any) -> HTMLResponse:
    """The page to sign in on, with what went wrong before."""
    token = form_token(request)
    if problem is not None:
        shown["status_code"] = problem.status
    host = request.url.hostname or ""
    provider = request.app.state.provider
    defaults: dict[str, Any] = {"link": "", "holds": False, "ended": None, "name": ""}
    response = page(
        request,
        "access/login.html",
        token=token,
        headers=_later(problem),
        sentence=problem.said(language_of(request)) if problem else None,
        provider=provider.label if provider else None,
        has_ca=is_there(settings_of(request)),
        plain=not is_secure(request) and host not in ("localhost", "127.0.0.1", "::1"),
        **defaults | shown,
    )
    give_form_token(response, request, token)
    return response


def _later(problem: Problem | None) -> dict[str, str]:
    """When to try again, where the problem says so."""
    wait = problem.retry_after if problem else None
    return {} if wait is None else {"Retry-After": str(wait)}


@router.post("/login", dependencies=[everyone()], status_code=303)
async def login(
    request: Request,
    link: Short = "",
    name: Short = "",
    password: Secret = "",
    token: Annotated[str | None, Form(alias="form", max_length=64)] = None,
    next_page: NextField = "",
) -> Response:
    """Sign in by name and password, or use a one-time link up; 401 for what does not hold."""
    try:
        if token is not None or name:
            demand_form(request, token or "")
        if not same_site(request, told=False):
            raise Problem("forbidden", "access.other_site", field="Origin")
        if link or token is None:
            return await _by_link(request, link, next_page)
        pool, settings = request.app.state.pool, settings_of(request)
        if not (name and password):
            raise Problem("missing_value", "accounts.name_and_password", field="name")
        place = place_of(request)
        step = await signing_in.try_password(pool, settings, name, password, place)
        return await go_on(request, step, next_page)
    except Problem as problem:
        if token is None:
            raise
        return shown_login(
            request, problem, link=link, holds=False, name=name, next_page=own_path(next_page)
        )


async def _by_link(request: Request, link: str, next_page: str) -> Response:
    session = await credentials.sign_in(request.app.state.pool, link, browser_of(request))
    if session is None:
        raise Problem("not_signed_in", "access.link_spent", field="link")
    response = RedirectResponse(own_path(next_page), 303)
    let_in(response, request, session, None)
    return response


async def go_on(request: Request, step: str, next_page: str, *, from_here: bool = True) -> Response:
    """To what is asked next, or in. Not `from_here`, the browser comes from another site: what it
    is given now it must send while it is led on, which it does not with a strict cookie.
    """
    pool, settings = request.app.state.pool, settings_of(request)
    account = await _account(request, step)
    asked = account.next_of(settings)
    if asked is not None:
        response = RedirectResponse(_with_next(PAGES[asked], next_page), 303)
        lasts = int(STEP.total_seconds())
        set_cookie(response, request, STEP_COOKIE, step, lasts, strict=from_here)
        return response
    session = await signing_in.enter(pool, step, browser_of(request), place_of(request))
    request.app.state.callers.forget()
    response = RedirectResponse(own_path(next_page), 303)
    let_in(response, request, session, account.id)
    drop_cookie(response, request, STEP_COOKIE)
    return response


def _with_next(path: str, next_page: str) -> str:
    following = own_path(next_page)
    return path if following == "/" else f"{path}?{urlencode({'next': following})}"


async def _account(request: Request, step: str | None) -> Account:
    found = await signing_in.account_of(request.app.state.pool, "step", step)
    if found is None:
        raise Problem("not_signed_in", "accounts.step_over", field="step")
    return found


async def _asked(request: Request, wanted: str) -> tuple[str, Account]:
    """The step that this page belongs to. Raises Problem `not_signed_in` where it is another's turn
    or nobody's.
    """
    step = cookie_of(request, STEP_COOKIE) or ""
    if not same_site(request) and request.method != "GET":
        raise Problem("forbidden", "access.other_site", field="Origin")
    account = await _account(request, step)
    if account.next_of(settings_of(request)) != wanted:
        raise Problem("not_signed_in", "accounts.step_over", field="step")
    return step, account


def _step_page(
    request: Request, template: str, next_page: str, problem: Problem | None = None, **shown: Any
) -> HTMLResponse:
    return page(
        request,
        template,
        status_code=problem.status if problem else 200,
        headers=_later(problem),
        sentence=problem.said(language_of(request)) if problem else None,
        next_page=own_path(next_page),
        **shown,
    )


@router.get("/login/factor", dependencies=[everyone()], response_class=HTMLResponse)
async def factor_page(request: Request, next_page: NextPage = "") -> Response:
    """Asks for the code of the authenticator app, or a recovery code."""
    await _asked(request, "factor")
    return _step_page(request, "access/factor.html", next_page)


@router.post("/login/factor", dependencies=[everyone()], status_code=303)
async def show_factor(request: Request, code: Short = "", next_page: NextField = "") -> Response:
    """The second factor; each code is good once."""
    step, _ = await _asked(request, "factor")
    try:
        pool, settings = request.app.state.pool, settings_of(request)
        await signing_in.try_factor(pool, settings, step, code, place_of(request))
    except Problem as problem:
        return _step_page(request, "access/factor.html", next_page, problem)
    return await go_on(request, step, next_page)


@router.get("/login/password", dependencies=[everyone()], response_class=HTMLResponse)
async def change_page(request: Request, next_page: NextPage = "") -> Response:
    """Asks for a new password where the one before was given or is too old."""
    _, account = await _asked(request, "password")
    return _step_page(request, "access/change_password.html", next_page, **_rules(request, account))


def _rules(request: Request, account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "given": account.must_change,
        "fewest": settings_of(request).password_length,
        "days": settings_of(request).password_days,
    }


@router.post("/login/password", dependencies=[everyone()], status_code=303)
async def change(
    request: Request, password: Secret = "", again: Secret = "", next_page: NextField = ""
) -> Response:
    """The new password, twice."""
    step, account = await _asked(request, "password")
    try:
        if password != again:
            raise Problem("invalid_value", "accounts.password.twice", field="again")
        pool, settings = request.app.state.pool, settings_of(request)
        await signing_in.new_password(pool, settings, "step", step, account, password)
    except Problem as problem:
        rules = _rules(request, account)
        return _step_page(request, "access/change_password.html", next_page, problem, **rules)
    request.app.state.callers.forget()
    return await go_on(request, step, next_page)


@router.get("/login/enrol", dependencies=[everyone()], response_class=HTMLResponse)
async def enrol_page(request: Request, next_page: NextPage = "") -> Response:
    """A QR code for an authenticator app, where the role asks for a second factor."""
    _, account = await _asked(request, "enrol")
    shown = enrolment(request, account, factor.new_secret())
    return _step_page(request, "access/enrol.html", next_page, action="/login/enrol", **shown)


def enrolment(request: Request, account: Account, secret: str) -> dict[str, Any]:
    """What the page of a new second factor shows; the secret comes back sealed for this account."""
    place = f"Gridwarden {request.url.hostname or ''}".strip()
    return {
        "picture": factor.picture_of(factor.address_of(secret, account.name, place)),
        "letters": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "sealed": seal(settings_of(request), f"new factor of account {account.id}", secret),
        "asks_password": False,
    }


def offered_secret(request: Request, account: Account, sealed: str) -> str:
    """The secret of the page that was shown. Raises Problem for one that was not shown here."""
    secret = unseal(settings_of(request), f"new factor of account {account.id}", sealed)
    if secret is None:
        raise Problem("invalid_value", "accounts.step_over", field="sealed")
    return secret


@router.post("/login/enrol", dependencies=[everyone()], response_class=HTMLResponse)
async def enrol(
    request: Request, sealed: Secret = "", code: Short = "", next_page: NextField = ""
) -> Response:
    """Takes the second factor on, signs in and shows the recovery codes, once."""
    step, account = await _asked(request, "enrol")
    secret = offered_secret(request, account, sealed)
    pool, settings = request.app.state.pool, settings_of(request)
    try:
        codes = await signing_in.new_factor(pool, settings, "step", step, account, secret, code)
    except Problem as problem:
        shown = enrolment(request, account, secret)
        return _step_page(
            request, "access/enrol.html", next_page, problem, action="/login/enrol", **shown
        )
    entered = await go_on(request, step, next_page)
    response = _step_page(request, "access/codes.html", next_page, codes=codes)
    for name, value in entered.raw_headers:
        if name == b"set-cookie":
            response.raw_headers.append((name, value))
    return response


@router.post("/logout", status_code=303)
async def logout(request: Request, caller: Anyone) -> Response:
    """End the browser's session; one that the office's provider began ends there, too."""
    pool, provider = request.app.state.pool, request.app.state.provider
    cookie = cookie_of(request, SESSION)
    there = None
    if cookie and provider is not None:
        there = await flow.sign_off(pool, provider, cookie, f"{request.base_url}login")
    if cookie:
        await credentials.sign_out(pool, cookie)
    request.app.state.callers.forget()
    response: Response = RedirectResponse("/login", 303)
    if there is not None:
        # A form of ours leads nowhere else, and that holds for redirects: the page goes on itself.
        shown = {"there": there, "provider": provider.label}
        response = page(request, "access/signed_out.html", **shown)
    drop_cookie(response, request, SESSION)
    return response
