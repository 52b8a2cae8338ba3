"""What a request says of the browser that sent it, for signing in."""

import secrets
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from starlette.responses import Response

from gridwarden.access.accounts.signing_in import Place
from gridwarden.access.cookies import DEVICE, FORM, SESSION, cookie_of, is_secure, set_cookie
from gridwarden.access.credentials import Browser
from gridwarden.access.sealing import seal, unseal
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

_DEVICE_DAYS = 180
_FORM_S = 24 * 3600


def settings_of(request: Request) -> Settings:
    """The settings of the application."""
    settings: Settings = request.app.state.settings
    return settings


def browser_of(request: Request) -> Browser:
    """What a session of this browser is opened with."""
    settings = settings_of(request)
    return Browser(
        former=cookie_of(request, SESSION),
        lifetime=timedelta(hours=settings.session_hours),
        idle=timedelta(minutes=settings.idle_minutes),
        agent="".join(x for x in request.headers.get("user-agent", "") if x.isprintable())[:200],
    )


def place_of(request: Request) -> Place:
    """The address, and the account that this browser signed in to before, if it did."""
    address = request.client.host if request.client else ""
    cookie = cookie_of(request, DEVICE)
    opened = unseal(settings_of(request), DEVICE, cookie) if cookie else None
    if opened is None:
        return Place(address)
    account, _, device = opened.partition(" ")
    return Place(address, device, int(account))


def let_in(response: Response, request: Request, session: str, account: int | None) -> None:
    """Give the browser its session, and remember that it signed in to this account."""
    settings = settings_of(request)
    set_cookie(response, request, SESSION, session, int(settings.session_hours * 3600))
    place = place_of(request)
    if account is not None and place.device_account != account:
        known = seal(settings, DEVICE, f"{account} {secrets.token_hex(8)}")
        set_cookie(response, request, DEVICE, known, _DEVICE_DAYS * 86_400, strict=True)


def form_token(request: Request) -> str:
    """What a form carries and a cookie repeats: the browser's own, or a new one."""
    kept = cookie_of(request, FORM) or ""
    return kept if len(kept) == 32 and kept.isalnum() else secrets.token_hex(16)


def give_form_token(response: Response, request: Request, token: str) -> None:
    """Set the cookie that the form's token is compared with."""
    set_cookie(response, request, FORM, token, _FORM_S)


def demand_form(request: Request, token: str) -> None:
    """Raises Problem where the browser did not keep the cookie, or the form was not ours: to sign
    in would end on the login page again without a word.
    """
    if is_secure(request) and request.headers.get("origin", "").startswith("http://"):
        raise Problem("refused", "accounts.proxy_says_https", field="X-Forwarded-Proto")
    kept = cookie_of(request, FORM)
    if not kept or not token or not secrets.compare_digest(kept.encode(), token.encode()):
        host = request.headers.get("host", "")
        raise Problem("refused", "accounts.no_cookie", field="cookie", host=host[:100])


def own_path(text: str) -> str:
    """A path of this service to go on to; anything that could lead elsewhere becomes the start."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    strange = any(ord(letter) < 33 or letter == "\\" for letter in text)
    elsewhere = parts.scheme or parts.netloc or strange or text[1:2] == "/"
    if elsewhere or not text.startswith("/") or parts.path.startswith("/login"):
        return "/"
    return text


def browser_name(agent: str | None) -> str:
    """What people call the browser that says this of itself: `Chrome 156, Windows`."""
    text = agent or ""
    named = (
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Version/", "Safari"),
    )
    systems = ("Windows", "Android", "iPhone", "iPad", "Macintosh", "Linux")
    found = next(((sign, name) for sign, name in named if sign in text), None)
    system = next((one for one in systems if one in text), "")
    if found is None:
        return text[:40]
    number = text.partition(found[0])[2].partition(".")[0][:6]
    return f"{found[1]} {number}" + (f", {system}" if system else "")


def login_url(base: str, link: str) -> str:
    """The address that a one-time link is said as."""
    return f"{base.rstrip('/')}/login?{urlencode({'link': link})}"
