"""`/login/provider`: to the office's sign-in provider, and back to the page that was asked for."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from gridwarden.access.audience import everyone
from gridwarden.access.browser import own_path, place_of
from gridwarden.access.cookies import PROVIDER, cookie_of, drop_cookie, set_cookie
from gridwarden.access.login_routes import NextPage, go_on, shown_login
from gridwarden.access.oidc import flow
from gridwarden.access.oidc.provider import Provider
from gridwarden.words import LANGUAGES, language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["access"])
Told = Annotated[str, Query(max_length=4000)]


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise Problem("not_found", "oidc.none", field="provider")
    return provider


@router.get("/login/provider", dependencies=[everyone()], status_code=303)
async def to_provider(request: Request, next_page: NextPage = "") -> Response:
    """To the provider. While it does not answer, the page says so, and passwords still work."""
    provider, following = _provider(request), own_path(next_page)
    pool, redirect = request.app.state.pool, f"{request.base_url}login/provider/back"
    try:
        way, place = await flow.begin(pool, provider, redirect, following)
    except Problem as problem:
        return shown_login(request, provider.named(problem), next_page=following)
    response = RedirectResponse(place, 303, {"Cache-Control": "no-store"})
    set_cookie(response, request, PROVIDER, way.secret, int(flow.UNDER_WAY.total_seconds()))
    return response


@router.get("/login/provider/back", dependencies=[everyone()], status_code=303)
async def back(
    request: Request,
    code: Told = "",
    state: Told = "",
    issuer: Annotated[str, Query(alias="iss", max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The browser is back: in, or to what else the account is asked for. Good once."""
    provider, pool = _provider(request), request.app.state.pool
    told = flow.Back(code, state, issuer, error)
    try:
        person, following = await flow.come_back(pool, provider, cookie_of(request, PROVIDER), told)
    except Problem as problem:
        return shown_login(
            request, provider.named(problem), next_page="/", other_url=_other_language(request)
        )
    try:
        step = await flow.admit(pool, provider, person, place_of(request))
        response = await go_on(request, step, following, from_here=False)
    except Problem as problem:
        if problem.kind != "forbidden":
            raise
        request.app.state.callers.forget()
        response = await _no_access(request, provider, person, provider.named(problem))
    drop_cookie(response, request, PROVIDER)
    return response


async def _no_access(
    request: Request, provider: Provider, person: flow.Person, problem: Problem
) -> Response:
    """Why somebody whom the provider knows has no access, whom to ask, and how to be another."""
    other = await flow.sign_off_with(provider, person.hint, f"{request.base_url}login")
    return page(
        request,
        "access/no_access.html",
        status_code=problem.status,
        sentence=problem.said(language_of(request)),
        name=person.name,
        provider=provider.label,
        ask=provider.rules.ask,
        other=other or "/login",
        other_url=_other_language(request),
    )


def _other_language(request: Request) -> str:
    """Where the link to the other language leads: what came back is good once."""
    other = next(one for one in LANGUAGES if one != language_of(request))
    return f"/login?lang={other}"
