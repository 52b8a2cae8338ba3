"""A contractor's clip as a PNG: what its SVG shows, for a phone. The watermark lies over all."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from math import hypot
from typing import Any, Final

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from gridwarden.words import say
from gridwarden.words.picture import HEIGHT, WIDTH, letters, wrapped

TIMES: Final = 4
"""Dots drawn for a unit of the SVG; half as many are written, which smooths the edges."""
INK: Final = "#1F2933"
ROAD: Final = "#D5DBE1"
AREA: Final = (246, 196, 69, 102)
MAIN: Final = {"zh": "#C2185B", "en": "#B58900"}
UNSURE_M: Final = 1.0
"""A main whose accuracy is worse is dashed; one of which it is not told counts as this."""
TURN: Final = 28
LINE: Final = 17
"""From line to line of the caption, in units of the SVG."""
COLUMNS: Final = 70
_PART: Final = re.compile(r"[MLZ]|-?\d+(?:\.\d+)?")

Line = list[tuple[float, float]]


def png(clip: Mapping[str, Any], mark: str, bar: tuple[float, str], lang: str) -> bytes:
    """The drawing of `clip` (as api.clip gives it), 960 × 720, and beneath it what it is not.

    Raises Problem `incomplete` where no font has Chinese characters.
    """
    beneath = caption(clip, lang)
    size = (WIDTH * TIMES, (HEIGHT + room(beneath)) * TIMES)
    canvas = Image.new("RGB", size, "#FFFFFF")
    draw = ImageDraw.Draw(canvas, "RGBA")
    drawn = clip["drawn"]
    scale = HEIGHT / float(drawn["height"])
    for d in drawn["roads"]:
        _stroke(draw, lines_of(d, scale), ROAD, 1.4)
    _stroke(draw, lines_of(drawn["ground"], scale), "#8A96A3", 1, dashes=(4, 3))
    for ring in lines_of(drawn["area"], scale):
        if drawn["dimension"] == 2 and len(ring) > 2:
            draw.polygon(ring, fill=AREA)
    _stroke(draw, lines_of(drawn["area"], scale), INK, 1.4 if drawn["dimension"] == 2 else 3)
    for main in clip["mains"]:
        line = lines_of(main["d"], scale)
        unsure = float(main["properties"]["accuracy_m"] or 1) > UNSURE_M
        _stroke(draw, line, "#FFFFFF", 5)
        _stroke(draw, line, MAIN[lang], 2.4, dashes=(7, 4) if unsure else None)
    draw.rectangle((0, HEIGHT * TIMES, *size), fill="#FFFFFF")
    canvas = _marked(canvas, mark)
    _furniture(ImageDraw.Draw(canvas), bar, scale)
    _captioned(ImageDraw.Draw(canvas), beneath)
    told = PngInfo()
    told.add_itxt("Copyright", mark)
    told.add_itxt("Description", "".join(told_of(clip, lang)))
    made = BytesIO()
    canvas.reduce(2).save(made, "PNG", pnginfo=told)
    return made.getvalue()


def told_of(clip: Mapping[str, Any], lang: str) -> tuple[str, str]:
    """What the drawing is not, and what its grey lines are."""
    reach = f"{clip['reach_m']:g}"
    return say("clips.say", lang, reach=reach), say("clips.legend", lang, reach=reach)


def caption(clip: Mapping[str, Any], lang: str, *, alone: bool = True) -> tuple[str, ...]:
    """The same in lines that fit beneath the drawing; beside a page that says what it is not,
    the grey lines alone."""
    texts = told_of(clip, lang) if alone else told_of(clip, lang)[1:]
    return tuple(line for text in texts for line in wrapped(text, COLUMNS, 5))


def room(lines: Sequence[str]) -> int:
    """How high the caption is, in units of the SVG."""
    return LINE * len(lines) + 10


def lines_of(d: str, scale: float) -> list[Line]:
    """The lines of an SVG path of absolute M, L and Z, metres from the middle, in dots."""
    found: list[Line] = []
    numbers: list[float] = []
    for part in _PART.findall(d):
        if part == "M":
            found.append([])
        elif part == "Z" and found and found[-1]:
            found[-1].append(found[-1][0])
        elif part not in "LZ":
            numbers.append(float(part))
            if len(numbers) == 2:
                x, y = (n * scale * TIMES for n in numbers)
                found[-1].append((x + WIDTH * TIMES / 2, y + HEIGHT * TIMES / 2))
                numbers.clear()
    return found


def _stroke(
    draw: ImageDraw.ImageDraw,
    lines: list[Line],
    ink: str,
    width: float,
    dashes: tuple[float, float] | None = None,
) -> None:
    for line in lines:
        for part in [line] if dashes is None else _dashed(line, dashes):
            draw.line(part, fill=ink, width=round(width * TIMES), joint="curve")


def _dashed(line: Line, dashes: tuple[float, float]) -> list[Line]:
    """A line cut into dashes; the lengths of dash and gap are in units of the SVG."""
    on, period = dashes[0] * TIMES, sum(dashes) * TIMES
    cut: list[Line] = []
    gone = 0.0
    for start, end in pairwise(line):
        length = hypot(end[0] - start[0], end[1] - start[1])
        at = 0.0
        while at < length:
            within = (gone + at) % period
            step = min((on if within < on else period) - within, length - at) or length
            if within < on:
                ends = ((at + s) / length for s in (0, step))
                cut.append([_between(start, end, share) for share in ends])
            at += step
        gone += length
    return cut


def _between(
    start: tuple[float, float], end: tuple[float, float], share: float
) -> tuple[float, float]:
    return tuple(a + (b - a) * share for a, b in zip(start, end, strict=True))  # type: ignore[return-value]


def _marked(canvas: Image.Image, mark: str) -> Image.Image:
    """The canvas with ticket, account and time in slanting rows across all of it."""
    side = max(canvas.size) * 3 // 2
    layer = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)
    font = letters(12 * TIMES)
    step = font.getlength(mark) + 40 * TIMES
    for row, y in enumerate(range(0, side, 46 * TIMES)):
        x = -(row % 2) * step / 2
        while x < side:
            draw.text((x, y), mark, font=font, fill=(31, 41, 51, 70))
            x += step
    layer = layer.rotate(TURN, resample=Image.Resampling.BICUBIC)
    left, top = (side - canvas.width) // 2, (side - canvas.height) // 2
    layer = layer.crop((left, top, left + canvas.width, top + canvas.height))
    return Image.alpha_composite(canvas.convert("RGBA"), layer).convert("RGB")


def _furniture(draw: ImageDraw.ImageDraw, bar: tuple[float, str], scale: float) -> None:
    """Frame, north arrow and scale bar."""
    right, bottom = WIDTH * TIMES, HEIGHT * TIMES
    draw.rectangle((0, 0, right - 1, bottom - 1), outline=INK, width=TIMES)
    x, y = 460 * TIMES, 14 * TIMES
    arrow = ((0, 0), (6, 20), (0, 16), (-6, 20))
    draw.polygon([(x + a * TIMES, y + b * TIMES) for a, b in arrow], fill=INK)
    west, south, tall = 14 * TIMES, 344 * TIMES, 7 * TIMES
    east = west + bar[0] * scale * TIMES
    drawn = [(west, south - tall), (west, south), (east, south), (east, south - tall)]
    for ink, width in (("#FFFFFF", 5), (INK, 1.6)):
        draw.line(drawn, fill=ink, width=round(width * TIMES))
    middle = ((west + east) / 2, south - 5 * TIMES)
    font = letters(13 * TIMES)
    draw.text(middle, bar[1], INK, font, "ms", stroke_width=2 * TIMES, stroke_fill="#FFFFFF")


def _captioned(draw: ImageDraw.ImageDraw, lines: Sequence[str]) -> None:
    """The sentences beneath the drawing; over the watermark, so that they can be read."""
    font = letters(12 * TIMES)
    for number, line in enumerate(lines, 1):
        place = (14 * TIMES, (HEIGHT + LINE * number) * TIMES)
        draw.text(place, line, INK, font, "ls", stroke_width=TIMES, stroke_fill="#FFFFFF")
