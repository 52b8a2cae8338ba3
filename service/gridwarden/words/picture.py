"""What every drawing shares: its size, its scale bar, its letters, and texts in lines."""

import math
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gridwarden.words.problems import Problem

if TYPE_CHECKING:  # not for every command
    from PIL.ImageFont import FreeTypeFont

WIDTH: Final = 480
HEIGHT: Final = 360
"""Of the drawing without its legend, in units of the picture."""
_UNDRAWABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NICE: Final = (1.0, 2.0, 5.0)
_COLUMNS: Final = 56
"""How many half-width characters a line of the legend holds."""
_FONTS: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
)
_SIMPLIFIED: Final = 2
"""The place of the Simplified Chinese face in the collection."""


@cache
def letters(pixels: int) -> "FreeTypeFont":
    """Letters with Chinese characters, of this size, for a PNG.

    Raises Problem `incomplete` where no font has them.
    """
    from PIL import ImageFont

    file = font_file()
    if file is None:
        raise Problem("incomplete", "embeds.no_font")
    return ImageFont.truetype(file, pixels, index=_SIMPLIFIED)


def font_file() -> Path | None:
    """The font with Chinese characters of this machine."""
    return next((place for place in map(Path, _FONTS) if place.is_file()), None)


def bar_of(height_m: float) -> tuple[float, str]:
    """The longest round length below a third of the width, in metres and in words."""
    most = height_m * WIDTH / HEIGHT / 3
    power = 10.0 ** math.floor(math.log10(most))
    metres = max(step * power for step in _NICE if step * power <= most)
    return metres, f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km"


def drawable(text: str) -> str:
    """A text without the characters that no XML file may hold."""
    return _UNDRAWABLE.sub("", text)


def wrapped(text: str, columns: int = _COLUMNS, most: int = 3) -> tuple[str, ...]:
    """A text in lines that fit: SVG breaks none itself. What is beyond `most` lines ends in …"""
    lines: list[str] = [""]
    for word in _words(drawable(text)):
        if width(lines[-1]) + width(word.rstrip()) > columns and lines[-1]:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1].rstrip() + "…"]
    return tuple(line.rstrip() for line in lines if line.strip())


def _words(text: str) -> list[str]:
    """Where a line may break: behind a blank, and around a Chinese character."""
    found: list[str] = [""]
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF"
        if found[-1] and (found[-1][-1].isspace() or wide or _is_wide(found[-1][-1])):
            found.append("")
        found[-1] += character
        if len(found[-1]) > 40:
            found.append("")
    return found


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def width(text: str) -> int:
    """Half-width columns that a text takes."""
    return sum(2 if _is_wide(character) else 1 for character in text)
