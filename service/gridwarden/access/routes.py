"""Signing in and out, who am I, and the keys: `/login`, `/logout`, `/api/whoami`, `/api/keys`."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from gridwarden.access import credentials
from gridwarden.access.audience import COOKIE, allow, everyone, same_site
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller, as_caller
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["access"])
Anyone = Annotated[Caller, allow(*ASKERS, *ADMINISTRATORS)]
SecurityOfficer = Annotated[Caller, allow("security")]


class WhoAmI(BaseModel):
    """The caller as the service sees them."""

    role: str
    person: str
    org_ids: list[int]
    district_ids: list[int]
    all_districts: bool
    language: str


class Key(BaseModel):
    """A key that holds; its secret is not kept."""

    id: int
    label: str | None
    role: str
    person: str
    org_ids: list[int]
    district_ids: list[int]
    all_districts: bool
    created_at: datetime
    expires_at: datetime
    made_by: str | None


class Keys(BaseModel):
    """All keys that hold, on one page."""

    items: list[Key]
    next: str | None = None


@router.get("/login", dependencies=[everyone()], response_class=HTMLResponse)
async def login_page(
    request: Request,
    link: Annotated[str, Query(max_length=200)] = "",
    next_page: Annotated[str, Query(alias="next", max_length=2000)] = "",
) -> HTMLResponse:
    """One button that signs in. Opening the address does not use the link up: chat programs and
    mail scanners open the links that they are shown.
    """
    holds = bool(link) and await credentials.link_holds(request.app.state.pool, link)
    return page(
        request,
        "access/login.html",
        status_code=410 if link and not holds else 200,
        link=link,
        holds=holds,
        next_page=own_path(next_page),
    )


@router.post("/login", dependencies=[everyone()], status_code=303)
async def login(
    request: Request,
    link: Annotated[str, Form(max_length=200)] = "",
    next_page: Annotated[str, Form(alias="next", max_length=2000)] = "",
) -> Response:
    """Use a one-time link up and open a session of twelve hours; 401 for a link that is spent."""
    if not same_site(request):
        raise Problem("forbidden", "access.other_site", field="Origin")
    session = await credentials.sign_in(request.app.state.pool, link) if link else None
    if session is None:
        raise Problem("not_signed_in", "access.link_spent", field="link")
    response = RedirectResponse(own_path(next_page), 303)
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(credentials.SESSION.total_seconds()),
        httponly=True,
        # Lax, so that a link from a colleague's message finds you signed in; what other sites
        # send with a changing method carries no cookie and is refused by its Origin as well.
        samesite="lax",
        # Only over https: over http://10.… a Secure cookie is a silent login loop.
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout", status_code=303)
async def logout(request: Request, caller: Anyone) -> Response:
    """End the browser's session."""
    cookie = request.cookies.get(COOKIE)
    if cookie:
        await credentials.sign_out(request.app.state.pool, cookie)
    request.app.state.callers.forget()
    response = RedirectResponse("/login", 303)
    secure = request.url.scheme == "https"
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=secure)
    return response


@router.get("/api/whoami")
async def whoami(caller: Anyone) -> WhoAmI:
    """Your role, and whose records you may read."""
    return WhoAmI(
        role=caller.role,
        person=caller.person,
        org_ids=list(caller.org_ids),
        district_ids=list(caller.district_ids),
        all_districts=caller.all_districts,
        language=caller.language,
    )


@router.get("/api/keys")
async def keys(request: Request, caller: SecurityOfficer) -> Keys:
    """The keys that hold, newest first, without their secrets."""
    async with as_caller(request.app.state.pool, caller) as c:
        found = await credentials.keys(c)
    return Keys(items=[Key.model_validate(one) for one in found])


@router.delete("/api/keys/{key}", status_code=204)
async def revoke(
    request: Request, key: Annotated[int, Path(ge=1, lt=2**63)], caller: SecurityOfficer
) -> Response:
    """End a key. It stops working at once here, within 5 s in other processes."""
    async with as_caller(request.app.state.pool, caller) as c:
        ended = await credentials.revoke(c, key)
    if not ended:
        raise Problem("not_found", "access.no_key", field="key")
    request.app.state.callers.forget()
    return Response(status_code=204)


def own_path(text: str) -> str:
    """A path of this service to go on to; anything that could lead elsewhere becomes the start."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    strange = any(ord(letter) < 33 or letter == "\\" for letter in text)
    if parts.scheme or parts.netloc or strange or not text.startswith("/") or text[1:2] == "/":
        return "/"
    return text


def login_url(base: str, link: str) -> str:
    """The address that a one-time link is said as."""
    return f"{base.rstrip('/')}/login?{urlencode({'link': link})}"
