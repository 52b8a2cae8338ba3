"""A frozen map as one file: everything inside, nothing fetched, words still as data."""

import base64
import re
from collections.abc import Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from gridwarden.maps.embeds.showing import context, shown
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.figures import amount, when
from gridwarden.words.page import environment
from gridwarden.words.problems import Problem

_URL: Final = re.compile(r"url\(\s*[\"']?([^\"')]+)[\"']?\s*\)")
_SOURCE_MAP: Final = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def alone(frozen: Mapping[str, Any], settings: Settings) -> str:
    """One HTML text. Raises Problem `incomplete` while script/assets has not run."""
    lang: str = frozen["language"]
    found = shown(frozen, settings)
    pieces = found.pieces
    styles = [_style(settings.assets / name) for name in pieces.styles]
    styles += [
        (files(package) / "static" / name).read_text("utf-8")
        for package, name in (
            ("gridwarden.words", "gridwarden.css"),
            ("gridwarden.maps", "maps.css"),
        )
    ]
    scripts = [_SOURCE_MAP.sub("", _read(settings.assets / name)) for name in pieces.scripts]
    ours = (files("gridwarden.maps") / "static" / "heat.js").read_text("utf-8")
    return (
        environment()
        .get_template("maps/alone.html")
        .render(
            lang=lang,
            html_lang={"zh": "zh-CN", "en": "en"}[lang],
            say=lambda key, **parameters: say(key, lang, **parameters),
            when=partial(when, lang=lang, zone=settings.time_zone),
            amount=amount,
            nonce="",
            styles=Markup("\n".join(styles)),
            libraries=Markup("\n".join(scripts)),
            inline_script=Markup(ours),
            **context(frozen, found, settings),
        )
    )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        raise Problem("incomplete", "maps.no_assets") from None


def _style(file: Path) -> str:
    """A stylesheet with its pictures inside."""

    def inside(found: re.Match[str]) -> str:
        picture = file.parent / found[1]
        if not picture.is_file():
            return found[0]
        text = base64.b64encode(picture.read_bytes()).decode("ascii")
        return f"url(data:image/png;base64,{text})"

    return _URL.sub(inside, _read(file))
