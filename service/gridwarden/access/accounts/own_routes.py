"""`/account` and `/api/sessions`: one's own password, second factor, sessions and keys."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from gridwarden.access.accounts import factor, signing_in
from gridwarden.access.accounts.signing_in import Account
from gridwarden.access.browser import browser_name, let_in, place_of, settings_of
from gridwarden.access.cookies import SESSION, cookie_of
from gridwarden.access.login_routes import Anyone, Secret, Short, enrolment, offered_secret
from gridwarden.database import Caller
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["access"])
FRESH: Final = timedelta(minutes=15)
Number = Annotated[int, Path(ge=1, lt=2**63)]


class Session(BaseModel):
    """A browser that is signed in."""

    id: int
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    agent: str | None
    current: bool


class Sessions(BaseModel):
    """One's own sessions, the last used first."""

    items: list[Session]
    next: str | None = None


def _session(request: Request) -> str:
    """The session that asks. Raises Problem `refused` for a key: it has none."""
    cookie = cookie_of(request, SESSION)
    if not cookie or request.headers.get("authorization") is not None:
        raise Problem("refused", "accounts.needs_session", field="Authorization")
    return cookie


async def _mine(request: Request) -> tuple[str, Account]:
    """The session and its account. Raises Problem for a session that a link opened."""
    session = _session(request)
    account = await signing_in.account_of(request.app.state.pool, "session", session)
    if account is None:
        raise Problem("refused", "accounts.by_link", field="account")
    return session, account


@router.get("/api/sessions")
async def sessions(request: Request, caller: Anyone) -> Sessions:
    """The browsers in which you are signed in."""
    found = await signing_in.sessions(request.app.state.pool, _session(request))
    return Sessions(items=[Session.model_validate(one) for one in found])


@router.delete("/api/sessions", status_code=204)
async def end_others(request: Request, caller: Anyone) -> Response:
    """Sign out everywhere else."""
    await signing_in.end_sessions(request.app.state.pool, _session(request), None)
    request.app.state.callers.forget()
    return Response(status_code=204)


@router.delete("/api/sessions/{session}", status_code=204)
async def end_one(request: Request, session: Number, caller: Anyone) -> Response:
    """End one of your own sessions."""
    if not await signing_in.end_sessions(request.app.state.pool, _session(request), session):
        raise Problem("not_found", "accounts.no_session", field="session")
    request.app.state.callers.forget()
    return Response(status_code=204)


@router.get("/account", response_class=HTMLResponse)
async def my_page(request: Request, caller: Anyone) -> HTMLResponse:
    """Who you are here, and your password, second factor, sessions and keys."""
    return await _page(request, caller)


async def _page(
    request: Request, caller: Caller, problem: Problem | None = None, **shown: Any
) -> HTMLResponse:
    pool, settings = request.app.state.pool, settings_of(request)
    cookie = cookie_of(request, SESSION)
    found = await signing_in.sessions(pool, cookie) if cookie else []
    return page(
        request,
        "access/my_account.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        sentence=problem.said(language_of(request)) if problem else None,
        account=await signing_in.account_of(pool, "session", cookie),
        sessions=found,
        browser_name=browser_name,
        keys=await signing_in.own_keys(pool, cookie) if cookie else [],
        settings=settings,
        new_key=shown.get("new_key"),
        new_number=shown.get("new_number"),
    )


async def _demand_owner(request: Request, account: Account, password: str) -> None:
    """Whoever sits down at an open session cannot take the account over: asks for the password, or,
    of who has none and signs in by the office's provider, for a sign-in of these minutes.
    """
    pool, settings = request.app.state.pool, settings_of(request)
    if account.password_hash is None:
        mine = await signing_in.sessions(pool, _session(request))
        begun = next(one["created_at"] for one in mine if one["current"])
        if datetime.now(UTC) - begun > FRESH:
            raise Problem("forbidden", "accounts.sign_in_again", field="current")
        return
    place = place_of(request)
    if not await signing_in.is_own_password(pool, settings, account, password, place):
        raise Problem("forbidden", "accounts.wrong_own", field="current")


@router.post("/account/password", response_class=HTMLResponse)
async def change_password(
    request: Request,
    caller: Anyone,
    current: Secret = "",
    password: Secret = "",
    again: Secret = "",
) -> Response:
    """A new password; every other session of the account ends, this one gets a new secret."""
    try:
        session, account = await _mine(request)
        await _demand_owner(request, account, current)
        if password != again:
            raise Problem("invalid_value", "accounts.password.twice", field="again")
        pool, settings = request.app.state.pool, settings_of(request)
        await signing_in.new_password(pool, settings, "session", session, account, password)
    except Problem as problem:
        return await _page(request, caller, problem)
    return await _renewed(request, session, account, RedirectResponse("/account", 303))


async def _renewed(
    request: Request, session: str, account: Account, response: Response
) -> Response:
    """The response, with the session under a new secret."""
    new = await signing_in.rotated(request.app.state.pool, session)
    request.app.state.callers.forget()
    let_in(response, request, new, account.id)
    return response


@router.get("/account/factor", response_class=HTMLResponse)
async def factor_page(request: Request, caller: Anyone) -> Response:
    """A QR code for an authenticator app."""
    _, account = await _mine(request)
    return _enrol(request, caller, account, factor.new_secret())


def _enrol(
    request: Request, caller: Caller, account: Account, secret: str, problem: Problem | None = None
) -> HTMLResponse:
    return page(
        request,
        "access/enrol.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        sentence=problem.said(language_of(request)) if problem else None,
        action="/account/factor",
        next_page="/account",
        **enrolment(request, account, secret)
        | {"asks_password": account.password_hash is not None},
    )


@router.post("/account/factor", response_class=HTMLResponse)
async def take_factor(
    request: Request, caller: Anyone, sealed: Secret = "", code: Short = "", current: Secret = ""
) -> Response:
    """Takes the second factor on and shows the recovery codes, once."""
    session, account = await _mine(request)
    secret = offered_secret(request, account, sealed)
    pool, settings = request.app.state.pool, settings_of(request)
    try:
        await _demand_owner(request, account, current)
        codes = await signing_in.new_factor(
            pool, settings, "session", session, account, secret, code
        )
    except Problem as problem:
        return _enrol(request, caller, account, secret, problem)
    response = page(request, "access/codes.html", caller=caller, codes=codes, next_page="/account")
    return await _renewed(request, session, account, response)


@router.post("/account/factor/remove", response_class=HTMLResponse)
async def remove_factor(request: Request, caller: Anyone, current: Secret = "") -> Response:
    """Do without a second factor again, where the role does not ask for one."""
    try:
        session, account = await _mine(request)
        if account.role in settings_of(request).factor_roles:
            raise Problem("refused", "accounts.factor_needed", field="factor")
        await _demand_owner(request, account, current)
        await signing_in.drop_factor(request.app.state.pool, session)
    except Problem as problem:
        return await _page(request, caller, problem)
    return await _renewed(request, session, account, RedirectResponse("/account", 303))


@router.post("/account/keys", response_class=HTMLResponse)
async def change_key(
    request: Request,
    caller: Anyone,
    key: Short = "",
    act: Annotated[Literal["rotate", "end"], Form()] = "rotate",
    current: Secret = "",
) -> Response:
    """A new secret for a key of one's own, said once; or its end."""
    pool, settings = request.app.state.pool, settings_of(request)
    try:
        session, account = await _mine(request)
        await _demand_owner(request, account, current)
        number = _number(key, "accounts.key.none")
        secret = None
        if act == "end":
            await signing_in.end_own_key(pool, session, number)
        else:
            grace = timedelta(hours=settings.key_grace_hours)
            secret = await signing_in.rotate_own_key(pool, session, number, grace)
    except Problem as problem:
        return await _page(request, caller, problem)
    request.app.state.callers.forget()
    if secret is None:
        return RedirectResponse("/account", 303)
    return await _page(request, caller, new_key=secret, new_number=number)


def _number(text: str, refusal: str) -> int:
    """A number of a form. Raises Problem `invalid_value`."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem("invalid_value", refusal, field="number")
    return int(text)


@router.post("/account/sessions", response_class=HTMLResponse)
async def end_sessions(request: Request, caller: Anyone, session: Short = "") -> Response:
    """End one session of one's own, or all others."""
    number = _number(session, "accounts.no_session") if session else None
    await signing_in.end_sessions(request.app.state.pool, _session(request), number)
    request.app.state.callers.forget()
    return RedirectResponse("/account", 303)
