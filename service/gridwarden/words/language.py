"""Which language a caller reads: `?lang=`, the cookie, Accept-Language, the office's setting."""

from typing import Final, Literal

from starlette.requests import HTTPConnection

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
COOKIE: Final = "gridwarden_language"


def as_language(text: str | None) -> Language | None:
    """Read 'zh', 'zh-CN', 'EN_gb' … as one of our languages; None when it is none of them."""
    first = (text or "").strip().lower().replace("_", "-").split("-", 1)[0]
    return first if first in LANGUAGES else None


def _accepted(header: str) -> Language | None:
    """The language of ours with the greatest weight in an Accept-Language header."""
    best: tuple[float, Language] | None = None
    for part in header.split(","):
        name, _, rest = part.partition(";")
        language = as_language(name)
        try:
            weight = float(rest.strip().removeprefix("q=") or 1.0) if rest.strip() else 1.0
        except ValueError:
            weight = 0.0
        if language and weight > 0 and (best is None or weight > best[0]):
            best = (weight, language)
    return best[1] if best else None


def language_of(request: HTTPConnection) -> Language:
    """The language in which this request is answered; a wrong `?lang=` is passed over."""
    settings = getattr(request.app.state, "settings", None) if "app" in request.scope else None
    return (
        as_language(request.query_params.get("lang"))
        or as_language(request.cookies.get(COOKIE))
        or _accepted(request.headers.get("accept-language", ""))
        or as_language(getattr(settings, "language", None))
        or "zh"
    )
