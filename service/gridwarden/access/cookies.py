"""The cookies of this service, and whether our own page sent a request.

Over https a cookie is `Secure` and carries the prefix `__Host-`: no other host and no plain http
can set it. Over http://10.… a browser drops such a cookie without a word, so there it has
neither; the two have other names, so that the one never stands in the other's way. A service under
a path of its host keeps its cookies to that path, which `__Secure-` allows: what else lies on the
host, perhaps a second Gridwarden, is not sent them.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gridwarden.words.path_prefix import under

SESSION: Final = "gridwarden_session"
STEP: Final = "gridwarden_step"
"""A sign-in that is under way: after the password, before the rest."""
FORM: Final = "gridwarden_form"
"""Says that the browser keeps cookies, and that the form which comes back was ours."""
DEVICE: Final = "gridwarden_device"
"""A browser that signed in to an account before."""
PROVIDER: Final = "gridwarden_provider"
"""A browser that was sent to the sign-in provider and is to come back."""


def is_secure(request: Request) -> bool:
    """Whether the request came by https, as our own server or a trusted proxy says."""
    return request.url.scheme == "https"


def cookie_of(request: Request, name: str) -> str | None:
    """The cookie's value; over https alone that of the prefixed one, which nobody else can set."""
    return request.cookies.get(_named(request, name))


def _named(request: Request, name: str) -> str:
    if not is_secure(request):
        return name
    return ("__Secure-" if under(request) else "__Host-") + name


def set_cookie(
    response: Response,
    request: Request,
    name: str,
    value: str,
    seconds: int,
    *,
    strict: bool = False,
) -> None:
    """Set a cookie that no script reads and no other site sends with a change.

    Lax, so that a link from a colleague's message finds you signed in; `strict` for what is
    only ever sent from our own pages.
    """
    response.set_cookie(
        _named(request, name),
        value,
        max_age=seconds,
        path=f"{under(request)}/",
        httponly=True,
        samesite="strict" if strict else "lax",
        secure=is_secure(request),
    )


def drop_cookie(response: Response, request: Request, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(
        _named(request, name),
        path=f"{under(request)}/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def same_site(request: Request, *, told: bool = True) -> bool:
    """Whether a browser says that our own page sent this request.

    Over plain http there is no Sec-Fetch-Site, but every browser sends Origin with a request that
    changes something, and a page cannot leave it out: what has a session and no Origin, no
    Sec-Fetch-Site and no Referer is refused, unless `told` is false, for what needs no session.
    Origin holds the port: another service of the same machine is another site.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    if origin is not None:
        return _is_ours(request, origin)
    if site is not None:
        return True
    referer = request.headers.get("referer")
    return _is_ours(request, referer) if referer is not None else not told


def _is_ours(request: Request, address: str) -> bool:
    """Our own host and port; over https no page that came by http."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or (is_secure(request) and parts.scheme != "https"):
        return False
    return bool(parts.netloc) and parts.netloc == request.headers.get("host", "")
