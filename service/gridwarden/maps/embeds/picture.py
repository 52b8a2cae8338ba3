"""A frozen map as a PNG: the page's map, legend, sentence, source and age, without a browser.

Drawn twice as large and halved, which smooths the edges. Widths are in pixels of the picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from math import cos, radians
from typing import Any, Final

from PIL import Image, ImageDraw

from gridwarden.maps.cells import Cell
from gridwarden.maps.embeds.showing import context, sentence, shown
from gridwarden.maps.folium_map import DISTRICTS, STREETS
from gridwarden.maps.look import DISTRICT_LINE, INK, LINE, RISK, ROAD_LINE, cell_style
from gridwarden.maps.view import HeatView
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.figures import when
from gridwarden.words.picture import bar_of, letters, wrapped

WIDTH, HEIGHT = 1600, 1060
MAP: Final = (24, 118, 1090, 946)
"""Left, top, right, bottom of the map."""
SIDE: Final = 1114
TWICE: Final = 2
_QUIET: Final = "#52606D"
_METRES_A_DEGREE: Final = 111_320

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where lon/lat lie in the picture, true to scale at the map's own latitude."""

    west: float
    north: float
    wide: float
    """Shrinking of a degree of longitude."""
    a_metre: float
    """Pixels, of the doubled drawing."""

    def place(self, point: Sequence[float]) -> Point:
        """A position (lon, lat) in the doubled drawing."""
        right = (point[0] - self.west) * self.wide * _METRES_A_DEGREE * self.a_metre
        down = (self.north - point[1]) * _METRES_A_DEGREE * self.a_metre
        return MAP[0] * TWICE + right, MAP[1] * TWICE + down


def picture(frozen: Mapping[str, Any], settings: Settings) -> bytes:
    """The PNG. Raises Problem `incomplete` where no font has Chinese characters."""
    found = shown(frozen, settings)
    told = context(frozen, found, settings)
    canvas = Image.new("RGB", (WIDTH * TWICE, HEIGHT * TWICE), "#FFFFFF")
    draw = ImageDraw.Draw(canvas)
    frame = _map(canvas, draw, found, frozen)
    _title(draw, found, told)
    _legend(canvas, draw, found, frozen)
    _furniture(draw, frame, told, frozen["language"])
    _foot(draw, found, told, settings)
    made = BytesIO()
    canvas.reduce(TWICE).save(made, "PNG", optimize=False)
    return made.getvalue()


def _write(draw: ImageDraw.ImageDraw, at: Point, text: str, size: int, ink: str = INK) -> None:
    draw.text((at[0] * TWICE, at[1] * TWICE), text, font=letters(size * TWICE), fill=ink)


def _map(
    canvas: Image.Image, draw: ImageDraw.ImageDraw, found: HeatView, frozen: Mapping[str, Any]
) -> Frame:
    """The cells, streets and district lines, clipped to the map's place."""
    box = tuple(side * TWICE for side in MAP)
    draw.rectangle(box, fill="#EEF1F4")
    frame = _frame(found.heat.cells)
    risks = [words["risk"] for words in found.data["cells"]]
    for cell, risk in zip(found.heat.cells, risks, strict=True):
        state = 2 if cell.hidden else cell.state
        _cell(canvas, frame, cell, cell_style(risk, state))
    for kind, style in ((STREETS, ROAD_LINE), (DISTRICTS, DISTRICT_LINE)):
        shape = frozen["ground"].get(str(kind))
        for line in shape["coordinates"] if shape else ():
            points = [frame.place(point) for point in line]
            draw.line(points, fill=str(style["color"]), width=3)
    for cell, words in zip(found.heat.cells, found.data["cells"], strict=True):
        _number(draw, frame, cell, words)
    _clip(draw, box)
    return frame


def _clip(draw: ImageDraw.ImageDraw, box: Sequence[int]) -> None:
    """What was drawn beyond the map's place is painted over, and its border drawn."""
    left, top, right, bottom = box
    size = (WIDTH * TWICE, HEIGHT * TWICE)
    for beyond in (
        (0, 0, size[0], top - 1),
        (0, bottom + 1, *size),
        (0, 0, left - 1, size[1]),
        (right + 1, 0, *size),
    ):
        draw.rectangle(beyond, fill="#FFFFFF")
    draw.rectangle(box, outline=LINE, width=TWICE)


def _frame(cells: Sequence[Cell]) -> Frame:
    """Room for every cell, in the middle of the map."""
    points = [point for cell in cells for ring in _rings(cell.shape) for point in ring[0]]
    points = points or [(114.0, 30.0), (114.1, 30.1)]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    wide = cos(radians((south + north) / 2))
    width, height = (MAP[2] - MAP[0]) * TWICE, (MAP[3] - MAP[1]) * TWICE
    across = max((east - west) * wide, 1e-4) * _METRES_A_DEGREE
    down = max(north - south, 1e-4) * _METRES_A_DEGREE
    a_metre = 0.94 * min(width / across, height / down)
    left = (width / a_metre - across) / 2 / _METRES_A_DEGREE / wide
    above = (height / a_metre - down) / 2 / _METRES_A_DEGREE
    return Frame(west - left, north + above, wide, a_metre)


def _rings(shape: Mapping[str, Any]) -> Iterator[Sequence[Sequence[Point]]]:
    """The polygons of a shape: an outer ring, then holes."""
    if shape["type"] == "Polygon":
        yield shape["coordinates"]
    else:
        yield from shape["coordinates"]


def _cell(canvas: Image.Image, frame: Frame, cell: Cell, style: Mapping[str, Any]) -> None:
    """One cell in its colour, hatch or dots."""
    for outer, *holes in _rings(cell.shape):
        points = [frame.place(point) for point in outer]
        left, top = (int(min(p[i] for p in points)) for i in (0, 1))
        right, bottom = (int(max(p[i] for p in points)) + 1 for i in (0, 1))
        mask = Image.new("L", (right - left + 1, bottom - top + 1), 0)
        inside = ImageDraw.Draw(mask)
        inside.polygon([(x - left, y - top) for x, y in points], fill=255)
        for hole in holes:
            inside.polygon([(x - left, y - top) for x, y in map(frame.place, hole)], fill=0)
        canvas.paste(_fill(str(style["fillColor"]), mask.size, (left, top)), (left, top), mask)
        ImageDraw.Draw(canvas).line(
            [*points, points[0]], fill=str(style["color"]), width=max(1, round(style["weight"] * 2))
        )


def _fill(colour: str, size: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """A piece of a plain or patterned ground; patterns go on from cell to cell."""
    if not colour.startswith("url("):
        return Image.new("RGB", size, colour)
    step = 12 if "no-data" in colour else 14
    made = Image.new("RGB", size, "#FFFFFF")
    draw = ImageDraw.Draw(made)
    across, down = -(at[0] % step), -(at[1] % step)
    if "no-data" in colour:
        for x in range(across - size[1] - step, size[0] + step, step):
            start = (x - (at[1] % step), 0)
            draw.line([start, (start[0] + size[1], size[1])], fill="#8A96A3", width=3)
        return made
    for x in range(across, size[0] + step, step):
        for y in range(down, size[1] + step, step):
            draw.ellipse((x, y, x + 5, y + 5), fill="#6B7785")
    return made


def _number(draw: ImageDraw.ImageDraw, frame: Frame, cell: Cell, words: Mapping[str, Any]) -> None:
    """The figure in its cell, where it fits; a district's name above it."""
    if not cell.count and not words["withheld"]:
        return
    named = cell.key.startswith("district/")
    if words["withheld"] and not named:
        return
    text = f"{words['title']}\n{words['value']}" if named else str(words["value"])
    font = letters(13 * TWICE)
    left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=font)
    points = [frame.place(point) for ring in _rings(cell.shape) for point in ring[0]]
    room = [max(p[i] for p in points) - min(p[i] for p in points) for i in (0, 1)]
    if right - left > room[0] * 0.94 or bottom - top > room[1] * 0.94:
        return
    x, y = (sum(f(p[i] for p in points) for f in (min, max)) / 2 for i in (0, 1))
    ink, halo = ("#FFFFFF", "#7A0D17") if words["risk"] == 4 else (INK, "#FFFFFF")
    draw.multiline_text(
        (x, y),
        text,
        font=font,
        fill=ink,
        anchor="mm",
        align="center",
        stroke_width=3 if named else 0,
        stroke_fill=halo,
    )


def _title(draw: ImageDraw.ImageDraw, found: HeatView, told: Mapping[str, Any]) -> None:
    lang = found.data["words"]["lang"]
    place = f" · {told['place']}" if told["place"] else ""
    _write(draw, (24, 18), say("maps.heat.title", lang) + place, 28)
    system = say(f"maps.system.{found.heat.system}", lang)
    line = say("maps.heat.subtitle", lang, system=system, measure=told["measure_title"])
    _write(draw, (24, 58), line, 16, _QUIET)
    _write(draw, (24, 84), sentence(found), 18)


def _legend(
    canvas: Image.Image, draw: ImageDraw.ImageDraw, found: HeatView, frozen: Mapping[str, Any]
) -> None:
    lang = frozen["language"]
    _write(draw, (SIDE, 118), say("maps.legend", lang), 18)
    y = 152.0
    steps = [
        (cell_style(step.risk, 0), f"{step.label}  {step.extent}", step.cells)
        for step in reversed(found.legend)
    ]
    steps += [
        (cell_style(0, 0), say("maps.zero", lang), found.zero),
        (cell_style(0, 1), say("maps.no_data", lang), found.no_data),
        (cell_style(0, 2), found.withheld_words, found.withheld),
    ]
    for style, words, number in steps:
        at = (SIDE * TWICE, round(y * TWICE))
        canvas.paste(_fill(str(style["fillColor"]), (60, 36), at), at)
        draw.rectangle((*at, at[0] + 60, at[1] + 36), outline=str(style["color"]), width=2)
        lines = wrapped(words, 44)
        for n, line in enumerate(lines):
            _write(draw, (SIDE + 42, y - 2 + 21 * n), line, 15)
        _write(draw, (SIDE + 420, y - 2), str(number), 15)
        y += 21 * len(lines) + 7
    notes = [say("embeds.rule", lang)] if found.withheld else []
    y = _paragraphs(draw, y + 10, notes)
    _top(draw, found, lang, y + 12)


def _top(draw: ImageDraw.ImageDraw, found: HeatView, lang: str, y: float) -> None:
    """The places where it is most, with their figures."""
    if not found.top or y > MAP[3] - 80:
        return
    _write(draw, (SIDE, y), say("maps.top", lang), 18)
    for one in found.top[: int((MAP[3] - y - 34) // 25)]:
        y += 27
        draw.rectangle(
            (SIDE * 2, (y + 6) * 2, (SIDE + 18) * 2, (y + 18) * 2),
            fill=RISK[one["risk"]],
            outline=_QUIET,
        )
        _write(draw, (SIDE + 28, y), wrapped(one["title"], 44, 1)[0], 15)
        _write(draw, (SIDE + 420, y), one["value"], 15)


def _paragraphs(draw: ImageDraw.ImageDraw, y: float, texts: Sequence[str]) -> float:
    for text in texts:
        for line in wrapped(text, 58, 5):
            _write(draw, (SIDE, y), line, 14, _QUIET)
            y += 20
    return y


def _furniture(draw: ImageDraw.ImageDraw, frame: Frame, told: Mapping[str, Any], lang: str) -> None:
    """Mark, north and a bar that is true at this latitude."""
    mark = str(told["mark"])
    width = letters(14 * TWICE).getlength(mark) / TWICE
    left = MAP[2] - width - 18
    draw.rectangle(
        (left * 2, (MAP[1] + 8) * 2, (MAP[2] - 6) * 2, (MAP[1] + 34) * 2), "#FFFFFF", INK, 2
    )
    _write(draw, (left + 6, MAP[1] + 10), mark, 14)
    x, y = (MAP[2] - 26) * 2, (MAP[1] + 46) * 2
    arrow = [(x, y), (x + 14, y + 42), (x, y + 32), (x - 14, y + 42)]
    draw.polygon(arrow, fill=INK, outline="#FFFFFF")
    _write(draw, (x / 2 - 5, y / 2 + 22), say("maps.north_letter", lang), 13)
    metres, words = bar_of((MAP[3] - MAP[1]) * TWICE / frame.a_metre)
    x, y = (MAP[0] + 16) * 2, (MAP[3] - 20) * 2
    draw.rectangle((x - 8, y - 52, x + metres * frame.a_metre + 8, y + 16), fill="#FFFFFF")
    draw.line([(x, y), (x + metres * frame.a_metre, y)], fill=INK, width=6)
    _write(draw, (x / 2, y / 2 - 23), words, 13)


def _foot(
    draw: ImageDraw.ImageDraw, found: HeatView, told: Mapping[str, Any], settings: Settings
) -> None:
    """Cut-off, where the figures are from, and how old that is."""
    lang = found.data["words"]["lang"]
    shown_when = partial(when, lang=lang, zone=settings.time_zone)
    heat = found.heat
    parts = [say("frame.cut_off", lang, when=shown_when(heat.cut_off, year=True))]
    parts.append(_dated("maps.source", heat.published_at, lang, shown_when))
    parts.append(told["fresh_line"])
    parts.append(_dated("maps.screened", heat.screened_at, lang, shown_when))
    if heat.pack:
        parts[-1] += f" ({heat.pack})"
    y = MAP[3] + 12.0
    for line in wrapped(" · ".join(part for part in parts if part), 190, 3):
        _write(draw, (24, y), line, 14, _QUIET)
        y += 21
    if told["definition"] and found.measure == "weighted":
        for line in wrapped(told["definition"], 190, 2):
            _write(draw, (24, y), line, 14, _QUIET)
            y += 21


def _dated(key: str, at: datetime | None, lang: str, shown_when: Any) -> str:
    missing = {"maps.source": "maps.source_none", "maps.screened": "maps.screened_never"}
    return say(key, lang, when=shown_when(at)) if at else say(missing[key], lang)
