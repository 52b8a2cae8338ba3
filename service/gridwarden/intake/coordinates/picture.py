"""The readings of a held import over the roads, so that a person who knows the place can answer.

Each reading has a colour, a mark and a dash of its own; shapes are the question's samples.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.geodesy import WorkingCrs
from gridwarden.intake.coordinates.telling import drawable_question, option_words, question_words
from gridwarden.layers.catalogue import layers
from gridwarden.words import say
from gridwarden.words.figures import when
from gridwarden.words.picture import HEIGHT, WIDTH, bar_of, drawable, wrapped
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake.coordinates", "picture.sql")
STYLES: Final = (
    ("#0B5CAD", "disc", ""),
    ("#B3470B", "square", "6 3"),
    ("#6B3FA0", "triangle", "2 3"),
    ("#1F2933", "cross", "9 3 2 3"),
)
"""Colour, mark and dash of the first, second … reading; the last serves for all further ones."""
LEAST_M: Final = 300.0
NEAR_M: Final = 2_000.0
"""A reading that lies no farther from the first than this, or than the first is wide, is drawn with
it; of one that lies farther the legend tells how far and where."""
_MARGIN: Final = 1.25
_COLUMNS: Final = 48
"""Half-width characters that a line of the legend holds beside its key."""
_WINDS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One reading: its paths and its points in metres from the middle, y down, and its words."""

    colour: str
    mark: str
    dash: str
    path: str
    points: Sequence[tuple[float, float]]
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Picture:
    """What `intake/question.svg.html` draws. `scale` is units of the picture for a metre."""

    title: str
    scale: float
    roads: str
    districts: str
    readings: Sequence[Drawn]
    bar: tuple[float, str]
    caption: Sequence[str]

    @property
    def height(self) -> int:
        """Of the whole picture."""
        lines = sum(len(one.lines) for one in self.readings) + len(self.caption)
        return HEIGHT + 26 + 19 * lines + 6 * len(self.readings)

    def units(self, length: float) -> float:
        """A length on the picture as metres of the drawing."""
        return round(length / self.scale, 4)


async def picture_of(
    pool: Pool, caller: Caller, document: Mapping[str, Any], epsg: int, zone: str
) -> Picture:
    """The picture of an import's question. Raises Problem `not_found` for one that has none."""
    question = document["question"]
    if not drawable_question(question):
        raise Problem("not_found", "coordinates.picture.none")
    options, working = question["options"], WorkingCrs(epsg)
    placed = [_placed(one["sample"], working) for one in options]
    frame = _frame([_bounds(one) for one in placed])
    if frame is None:
        raise Problem("not_found", "coordinates.picture.none")
    west, south, east, north = frame
    x, y, height = (west + east) / 2, (south + north) / 2, north - south
    values = {"west": west, "south": south, "east": east, "north": north, "srid": epsg,
              "x": x, "y": y, "finest": height / HEIGHT}  # fmt: skip
    roads, dated, districts = await _backdrop(pool, caller, values)
    language = caller.language
    readings = [
        _drawn(i, one, shapes, frame, language)
        for i, (one, shapes) in enumerate(zip(options, placed, strict=True))
    ]
    return Picture(
        drawable(
            say(
                "coordinates.picture.title", language, id=document["id"], name=document["file_name"]
            )
        ),
        HEIGHT / height,
        roads,
        districts,
        readings,
        bar_of(height),
        _caption(document, question, dated, language, zone),
    )


async def _backdrop(
    pool: Pool, caller: Caller, values: Mapping[str, Any]
) -> tuple[str, date | None, str]:
    """Roads, their date, and districts, as far as the caller may read them."""
    known, roads, dated, districts = layers(), "", None, ""
    async with as_caller(pool, caller) as c:
        if caller.role in known["roads"].readers:
            row = await (await c.execute(Q["roads"], values)).fetchone()
            roads, dated = (row[0] or "", row[1]) if row else ("", None)
        if caller.role in known["districts"].readers:
            row = await (await c.execute(Q["districts"], values)).fetchone()
            districts = (row[0] or "") if row else ""
    return roads, dated, districts


def _placed(sample: Mapping[str, Any], working: WorkingCrs) -> NDArray[np.object_]:
    """A sample in metres of the working CRS."""
    given = np.array([shape(one) for one in sample["geometries"]], dtype=object)
    moved = shapely.transform(given, lambda c: np.column_stack(working.from_lonlat(*c.T)))
    fine = [bool(np.isfinite(shapely.get_coordinates(one)).all()) for one in moved]
    kept: NDArray[np.object_] = moved[np.array(fine, dtype=bool)]
    return kept


def _bounds(shapes: NDArray[np.object_]) -> Box | None:
    if not len(shapes):
        return None
    west, south, east, north = shapely.total_bounds(shapes)
    return float(west), float(south), float(east), float(north)


def _frame(bounds: Sequence[Box | None]) -> Box | None:
    """The first reading that lies anywhere, and those near it, in the shape of the picture."""
    there = [one for one in bounds if one is not None]
    if not there:
        return None
    first = there[0]
    near = max(NEAR_M, math.hypot(first[2] - first[0], first[3] - first[1]))
    close = [one for one in there if _apart(first, one) <= near]
    west, south = (min(one[i] for one in close) for i in (0, 1))
    east, north = (max(one[i] for one in close) for i in (2, 3))
    height = max(LEAST_M, (north - south) * _MARGIN, (east - west) * _MARGIN * HEIGHT / WIDTH)
    x, y, width = (west + east) / 2, (south + north) / 2, height * WIDTH / HEIGHT
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _apart(one: Box, other: Box) -> float:
    """Metres between the middles of two boxes."""
    return math.hypot(*_from(one, other))


def _from(one: Box, other: Box) -> tuple[float, float]:
    """East and north of one box's middle to another's."""
    return (
        (other[0] + other[2] - one[0] - one[2]) / 2,
        (other[1] + other[3] - one[1] - one[3]) / 2,
    )


def _drawn(
    i: int, one: Mapping[str, Any], shapes: NDArray[np.object_], frame: Box, language: str
) -> Drawn:
    colour, mark, dash = STYLES[min(i, len(STYLES) - 1)]
    words = option_words(one, language)
    bounds = _bounds(shapes)
    if bounds is None:
        return Drawn(colour, mark, dash, "", (), wrapped(words, _COLUMNS))
    outside = bounds[0] > frame[2] or bounds[2] < frame[0] or bounds[1] > frame[3]
    if outside or bounds[3] < frame[1]:
        east, north = _from(frame, bounds)
        wind = _WINDS[round(math.degrees(math.atan2(east, north)) / 45) % 8]
        named = say(f"coordinates.wind.{wind}", language)
        km = f"{math.hypot(east, north) / 1e3:.1f}"
        far = say("coordinates.picture.outside", language, km=km, wind=named)
        return Drawn(colour, mark, dash, "", (), wrapped(f"{words} {far}", _COLUMNS))
    x, y = (frame[0] + frame[2]) / 2, (frame[1] + frame[3]) / 2
    parts = [part for single in shapes for part in _lines(single, x, y)]
    points = [(xy[0][0], xy[0][1]) for xy in parts if len(xy) == 1]
    path = "".join(_path(xy) for xy in parts if len(xy) > 1)
    return Drawn(colour, mark, dash, path, points, wrapped(words, _COLUMNS))


def _lines(one: Any, x: float, y: float) -> list[list[tuple[float, float]]]:
    """A shape's parts as lists of places, from the middle, y down; a point is a list of one."""
    out = []
    for part in shapely.get_parts(one):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            pairs = shapely.get_coordinates(ring)
            out.append([(round(float(a - x), 1), round(float(y - b), 1)) for a, b in pairs])
    return out


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in places)


def _caption(
    document: Mapping[str, Any],
    question: Mapping[str, Any],
    dated: date | None,
    language: str,
    zone: str,
) -> tuple[str, ...]:
    asked = question_words(question, language)
    lines = [asked["say"]] if asked else []
    day = when(dated, language, zone=zone)
    key = "undated" if dated is None else "dated"
    lines.append(say(f"coordinates.picture.{key}", language, day=day))
    return tuple(line for text in lines for line in wrapped(text, columns=62))
