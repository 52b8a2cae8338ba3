"""Pages: Jinja2 with autoescape, one frame, one language, a strict Content-Security-Policy.

A room keeps its templates in `<room>/templates/<room>/…`; they are found by folder, so no room
is imported from here. Values are escaped; no template marks a caller's text as safe.
"""

import secrets
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import as_file, files
from itertools import groupby
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Match

from gridwarden.words.figures import amount, grouped, metres, percent, when
from gridwarden.words.language import COOKIE, LANGUAGES, as_language, language_of
from gridwarden.words.path_prefix import under
from gridwarden.words.problems import Problem
from gridwarden.words.speech import say

_SECONDS_A_YEAR: Final = 365 * 24 * 3600


class Asking(Protocol):
    """What the frame needs to know of a caller (gridwarden.database.Caller fits)."""

    @property
    def role(self) -> str: ...
    @property
    def person(self) -> str: ...


@cache
def environment() -> Environment:
    """Templates of every room, escaped, with unknown names an error."""
    with as_file(files("gridwarden")) as package:
        folders = sorted(str(p) for p in package.glob("*/templates") if p.is_dir())
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["LANGUAGES"] = LANGUAGES
    made.filters["in_groups"] = in_groups
    made.filters["headed"] = headed
    return made


def headed(words: str) -> str:
    """Words as a heading begins: a capital first, the rest as it is."""
    return words[:1].upper() + words[1:]


def in_groups(number: int) -> Markup:
    """A long number that may be broken between lines after each five digits; copied whole."""
    digits = str(int(number))
    groups = [digits[i : i + 5] for i in range(0, len(digits), 5)]
    return Markup("<wbr>").join(groups)


@cache
def _navigation() -> tuple[Mapping[str, Any], ...]:
    text = (files("gridwarden.words") / "navigation.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["page"])


@dataclass(frozen=True, slots=True)
class Menu:
    """Pages that belong together. `name` is its words' key; none where its pages stand alone."""

    name: str | None
    pages: Sequence[Mapping[str, Any]]

    def holds(self, href: str | None) -> bool:
        """Whether this page is one of them."""
        return any(page["href"] == href for page in self.pages)


def navigation(request: Request, caller: Asking | None) -> list[Menu]:
    """The pages that this caller may open and that this service has, in order; a menu with one page
    is no menu.
    """
    if caller is None:
        return []
    shown = [entry for entry in _navigation() if caller.role in entry["roles"]]
    there = [entry for entry in shown if _exists(request, entry["href"])]
    menus = [(name, list(pages)) for name, pages in groupby(there, lambda one: one.get("group"))]
    return [
        Menu(f"nav.group.{name}" if name and len(pages) > 1 else None, pages)
        for name, pages in menus
    ]


def _standing(menus: Sequence[Menu], path: str) -> str | None:
    """The page of the navigation that is shown, or under whose address it lies."""
    hrefs = [entry["href"] for menu in menus for entry in menu.pages]
    above = [href for href in hrefs if path == href or path.startswith(href.rstrip("/") + "/")]
    found = max(above, key=len, default=None)
    return None if found == "/" != path else found


def _exists(request: Request, path: str) -> bool:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] == Match.FULL for route in request.app.router.routes)


def policy(nonce: str, *, inline_styles: bool = False, frame_ancestors: Sequence[str] = ()) -> str:
    """The Content-Security-Policy of a page: our own files only, scripts by nonce only.

    Leaflet sets style attributes from text, so a map page needs `inline_styles`. Only the origins
    of `frame_ancestors` (https://host, checked by who names them) may show the page in a frame.
    """
    styles = "'self' 'unsafe-inline'" if inline_styles else "'self'"
    framing = " ".join(frame_ancestors) or "'none'"
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src {styles}; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {framing}"
    )


def page(
    request: Request,
    template: str,
    *,
    caller: Asking | None = None,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    inline_styles: bool = False,
    frame_ancestors: Sequence[str] = (),
    lang: str | None = None,
    refusal: Problem | None = None,
    **context: Any,
) -> HTMLResponse:
    """Render one template of a room within the frame, in `lang` or the language of the request.

    A form that was refused is shown again with its `refusal`: the template says `sentence`, marks
    the field `wrong`, and the status is the refusal's.
    """
    lang = lang or language_of(request)
    nonce = secrets.token_urlsafe(16)
    shown = {
        **furniture(request, caller, lang),
        "nonce": nonce,
        "caller": caller,
        "request": request,
        "sentence": refusal.said(lang) if refusal else None,
        "wrong": refusal.field if refusal else None,
        **context,
    }
    status_code = refusal.status if refusal else status_code
    text = environment().get_template(template).render(shown)
    response = HTMLResponse(text.encode("utf-8", "replace"), status_code, headers)
    response.headers["Content-Security-Policy"] = policy(
        nonce, inline_styles=inline_styles, frame_ancestors=frame_ancestors
    )
    protect(response, request, lang)
    return response


def furniture(request: Request, caller: Asking | None, lang: str) -> dict[str, Any]:
    """What every page shows: words, navigation, language switch, cut-off time, number forms."""
    other = next(language for language in LANGUAGES if language != lang)
    menus = navigation(request, caller)

    def spoken(key: str, **params: object) -> str:
        return say(key, lang, **params)

    return {
        "lang": lang,
        "html_lang": {"zh": "zh-CN", "en": "en"}[lang],
        "say": spoken,
        "when": partial(when, lang=lang, zone=zone_of(request)),
        "amount": amount,
        "grouped": grouped,
        "metres": metres,
        "percent": percent,
        "navigation": menus,
        "standing": _standing(menus, request.url.path),
        "path": request.url.path,
        "other_language": other,
        "other_url": str(
            request.url.include_query_params(lang=other).replace(scheme="", netloc="")
        ),
        "cut_off": datetime.now(UTC),
        "practice_days": getattr(_settings(request), "practice_days", 0),
        "today": today(zone_of(request)),
    }


def today(zone: str | None) -> str:
    """Today in the office, as a date field has it."""
    return datetime.now(ZoneInfo(zone) if zone else None).date().isoformat()


def zone_of(request: Request) -> str | None:
    """The office's time zone, from its settings."""
    return getattr(_settings(request), "time_zone", None)


def _settings(request: Request) -> Any:
    return getattr(request.app.state, "settings", None)


def protect(response: HTMLResponse, request: Request, lang: str) -> None:
    """Headers that every page carries; a chosen `?lang=` is remembered for a year."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Content-Language"] = lang
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if as_language(request.query_params.get("lang")):
        https = request.url.scheme == "https"
        path = f"{under(request)}/"
        response.set_cookie(COOKIE, lang, _SECONDS_A_YEAR, path=path, samesite="lax", secure=https)
