"""The picture of a finding: lengths in metres, words ready to draw, nothing told by colour alone.

PostGIS gives the shapes as paths in metres; here they get a scale, a bar, a label and a legend.
Whoever may not read the finding's evidence gets no picture.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gridwarden.words.picture import HEIGHT, WIDTH

THINNEST: Final = 2.0
"""A main that would be thinner on the picture is drawn this wide, and the legend says so."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One side: `d` is its path in metres. `half_m` is half an outer diameter, `radius_m` that
    assumed for a point; both are nought where there is none."""

    kind: str
    d: str
    x: float
    y: float
    half_m: float
    radius_m: float
    gas: bool = False


@dataclass(frozen=True, slots=True)
class Dimension:
    """The shortest line, in units of the picture, and where its number stands."""

    start: tuple[float, float]
    end: tuple[float, float]
    middle: tuple[float, float]
    label: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """What `screening/picture.html` draws. `scale` is units of the picture for a metre."""

    title: str
    scale: float
    subject: Shape | None
    counterpart: Shape | None
    band: str | None
    pressed: str | None
    dimension: Dimension | None
    number: str
    bar: tuple[float, str]
    legend: Sequence[tuple[str, tuple[str, ...]]]
    caption: Sequence[str]
    colour: str

    @property
    def height(self) -> int:
        """Of the whole picture: a row of the legend or caption is 19 high."""
        lines = sum(len(text) for _, text in self.legend) + len(self.caption)
        return HEIGHT + 26 + 19 * lines + 6 * len(self.legend)

    def units(self, length: float) -> float:
        """A length on the picture as metres of the drawing."""
        return round(length / self.scale, 4)

    def thickness(self, shape: Shape) -> float:
        """How wide a side is drawn, in metres: its true outer diameter, where that can be seen."""
        return round(max(2 * shape.half_m, self.units(THINNEST)), 4)


def scale_of(height_m: float) -> float:
    """Units of the picture for a metre, when the drawing is `height_m` high."""
    return HEIGHT / height_m


def is_thin(half_m: float, scale: float) -> bool:
    """Whether an outer diameter is too small to be drawn true."""
    return 0 < 2 * half_m * scale < THINNEST


def shape_of(
    found: Mapping[str, Any], half_m: float, radius_m: float, *, gas: bool
) -> Shape | None:
    """One side as drawn; None where it is not in the frame, or nobody may see it."""
    if found["dimension"] is None or found["x"] is None:
        return None
    kind = ("point", "line", "surface")[found["dimension"]]
    d = "" if kind == "point" else found["d"]
    return Shape(kind, d, found["x"], found["y"], half_m, radius_m, gas)


def dimension_of(
    line: Sequence[Sequence[float]] | None, taken: tuple[float, float], scale: float
) -> Dimension | None:
    """The shortest line from edge to edge: from each end what is not part of the gap is taken.

    The number stands beside the line, on the side that is nearer the middle of the picture.
    """
    if line is None:
        return None
    from_start, from_end = taken
    (x1, y1), (x2, y2) = line
    length = math.hypot(x2 - x1, y2 - y1)
    if length <= 0:
        place = (x1 * scale, y1 * scale)
        return Dimension(place, place, place, _beside(place, (1.0, 0.0)))
    along = ((x2 - x1) / length, (y2 - y1) / length)
    start = ((x1 + along[0] * from_start) * scale, (y1 + along[1] * from_start) * scale)
    end = ((x2 - along[0] * from_end) * scale, (y2 - along[1] * from_end) * scale)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    return Dimension(start, end, middle, _beside(middle, (-along[1], along[0])))


def _beside(place: tuple[float, float], across: tuple[float, float]) -> tuple[float, float]:
    sign = -1.0 if place[0] * across[0] + place[1] * across[1] > 0 else 1.0
    x, y = place[0] + sign * across[0] * 46, place[1] + sign * across[1] * 30
    return max(min(x, WIDTH / 2 - 60), 60 - WIDTH / 2), max(
        min(y, HEIGHT / 2 - 40), 40 - HEIGHT / 2
    )
