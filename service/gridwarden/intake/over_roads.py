"""Shapes over the city's roads and districts: a file's readings, or what an import changes.

Each set of shapes has a colour, a mark and a dash of its own, so that grey paper tells them apart.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from starlette.requests import Request
from starlette.responses import Response

from gridwarden.database import Caller, as_caller, queries
from gridwarden.geodesy import WorkingCrs
from gridwarden.layers.catalogue import layers
from gridwarden.words.page import environment, furniture
from gridwarden.words.picture import HEIGHT, WIDTH, bar_of, drawable, wrapped

Q = queries(__package__ or "gridwarden.intake", "over_roads.sql")
STYLES: Final = (
    ("#0B5CAD", "disc", ""),
    ("#B3470B", "square", "6 3"),
    ("#6B3FA0", "triangle", "2 3"),
    ("#1F2933", "cross", "9 3 2 3"),
)
"""Colour, mark and dash of the first, second … set; the last serves for all further ones."""
LEAST_M: Final = 300.0
NEAR_M: Final = 2_000.0
"""A set that lies no farther from the first than this, or than the first is wide, is drawn with
it; of one that lies farther the legend tells how far and where."""
COLUMNS: Final = 48
"""Half-width characters that a line of the legend holds beside its mark."""
_MARGIN: Final = 1.25

Box = tuple[float, float, float, float]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One set: its paths and its points in metres from the middle, y down, and its words."""

    colour: str
    mark: str
    dash: str
    path: str
    points: Sequence[tuple[float, float]]
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Picture:
    """What `intake/over_roads.svg.html` draws. `scale` is units of the picture for a metre."""

    title: str
    scale: float
    roads: str
    districts: str
    sets: Sequence[Drawn]
    bar: tuple[float, str]
    caption: Sequence[str]

    @property
    def height(self) -> int:
        """Of the whole picture."""
        lines = sum(len(one.lines) for one in self.sets) + len(self.caption)
        return HEIGHT + 26 + 19 * lines + 6 * len(self.sets)

    def units(self, length: float) -> float:
        """A length on the picture as metres of the drawing."""
        return round(length / self.scale, 4)


async def drawn_over_roads(
    request: Request,
    caller: Caller,
    title: str,
    frame: Box,
    sets: Sequence[Drawn],
    caption: Callable[[date | None], Sequence[str]],
) -> Response:
    """The picture as an SVG file; `caption` is given the newest date of the roads in it."""
    roads, dated, districts = await _backdrop(request, caller, frame)
    height = frame[3] - frame[1]
    picture = Picture(
        drawable(title),
        HEIGHT / height,
        roads,
        districts,
        sets,
        bar_of(height),
        caption(dated),
    )
    shown = furniture(request, caller, caller.language) | {"picture": picture}
    text = environment().get_template("intake/over_roads.svg.html").render(shown)
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Content-Language": caller.language,
    }
    return Response(text.strip(), media_type="image/svg+xml", headers=headers)


async def _backdrop(request: Request, caller: Caller, frame: Box) -> tuple[str, date | None, str]:
    """Roads, their date, and districts, as far as the caller may read them."""
    west, south, east, north = frame
    values = {"west": west, "south": south, "east": east, "north": north,
              "srid": request.app.state.settings.crs, "x": (west + east) / 2,
              "y": (south + north) / 2, "finest": (north - south) / HEIGHT}  # fmt: skip
    known, roads, dated, districts = layers(), "", None, ""
    async with as_caller(request.app.state.pool, caller) as c:
        if caller.role in known["roads"].readers:
            row = await (await c.execute(Q["roads"], values)).fetchone()
            roads, dated = (row[0] or "", row[1]) if row else ("", None)
        if caller.role in known["districts"].readers:
            row = await (await c.execute(Q["districts"], values)).fetchone()
            districts = (row[0] or "") if row else ""
    return roads, dated, districts


def roads_are(caller: Caller, dated: date | None) -> str:
    """How the words about a picture's roads end: `hidden` from this role, `dated` or `undated`."""
    if caller.role not in layers()["roads"].readers:
        return "hidden"
    return "undated" if dated is None else "dated"


def placed(given: Sequence[dict[str, Any]], working: WorkingCrs) -> Shapes:
    """GeoJSON geometries (lon/lat) in metres of the working CRS; those outside it are left out."""
    shapes: Shapes = np.array([shape(one) for one in given], dtype=object)
    moved = shapely.transform(shapes, lambda c: np.column_stack(working.from_lonlat(*c.T)))
    fine = [bool(np.isfinite(shapely.get_coordinates(one)).all()) for one in moved]
    kept: Shapes = moved[np.array(fine, dtype=bool)]
    return kept


def box_of(shapes: Shapes) -> Box | None:
    """West, south, east, north, metres; None of no shapes."""
    if not len(shapes):
        return None
    west, south, east, north = shapely.total_bounds(shapes)
    return float(west), float(south), float(east), float(north)


def frame_of(boxes: Sequence[Box | None]) -> Box | None:
    """The first box that is any, and those near it, in the shape of the picture."""
    there = [one for one in boxes if one is not None]
    if not there:
        return None
    first = there[0]
    near = max(NEAR_M, math.hypot(first[2] - first[0], first[3] - first[1]))
    close = [one for one in there if math.hypot(*offset(first, one)) <= near]
    west, south = (min(one[i] for one in close) for i in (0, 1))
    east, north = (max(one[i] for one in close) for i in (2, 3))
    height = max(LEAST_M, (north - south) * _MARGIN, (east - west) * _MARGIN * HEIGHT / WIDTH)
    x, y, width = (west + east) / 2, (south + north) / 2, height * WIDTH / HEIGHT
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def offset(one: Box, other: Box) -> tuple[float, float]:
    """East and north of one box's middle to another's."""
    return (
        (other[0] + other[2] - one[0] - one[2]) / 2,
        (other[1] + other[3] - one[1] - one[3]) / 2,
    )


def drawn(style: int, shapes: Shapes, frame: Box, words: str) -> Drawn:
    """Shapes in metres as a set of the picture, `words` its legend."""
    colour, mark, dash = STYLES[min(style, len(STYLES) - 1)]
    x, y = (frame[0] + frame[2]) / 2, (frame[1] + frame[3]) / 2
    parts = [part for single in shapes for part in _parts(single, x, y)]
    points = [(xy[0][0], xy[0][1]) for xy in parts if len(xy) == 1]
    path = "".join(_path(xy) for xy in parts if len(xy) > 1)
    return Drawn(colour, mark, dash, path, points, wrapped(words, COLUMNS))


def _parts(one: Any, x: float, y: float) -> list[list[tuple[float, float]]]:
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
