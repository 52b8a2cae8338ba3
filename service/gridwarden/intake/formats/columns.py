"""Places that stand in columns of a file which has names for its columns but no shapes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gridwarden.intake.formats.batch import Shapes, Trouble, shown
from gridwarden.intake.formats.places import Place, place_in
from gridwarden.intake.formats.positions import Axis, BadPositionError, coordinate

_PLAIN: Final = re.compile(r"-?\d{1,12}(?:\.\d{1,20})?")
"""A number as most sheets write it: no need to look for degrees, minutes and letters."""


@dataclass(frozen=True, slots=True)
class _Bare:
    """Columns with nothing above or below them."""

    names: tuple[str, ...]
    titles: tuple[str, ...] = ()
    feet: tuple[str, ...] = ()


def place_of(names: Sequence[str], sample: Sequence[Sequence[Any]]) -> Place:
    """Where the columns of these names hold a position, by the words that tables use for it."""
    return place_in(_Bare(tuple(names)), sample)


def shapes_at(
    place: Place, columns: Mapping[str, Sequence[Any]], n: int, troubles: dict[int, Trouble]
) -> Shapes:
    """The shapes of `n` rows: whole ones as WKT, else points of a pair of columns."""
    shapes: Shapes = np.full(n, None, dtype=object)
    if place.wkt:
        texts = [None if v is None else str(v) for v in columns[place.wkt]]
        shapes = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
        for i, text in enumerate(texts):
            if text and shapes[i] is None:
                troubles.setdefault(i, Trouble("unreadable_geometry", place.wkt, shown(text)))
    if place.pair:
        axes: tuple[Axis, Axis] = ("lon", "lat") if place.degrees else ("plane", "plane")
        x, y = (
            numbers(columns[name], name, axis, troubles)
            for name, axis in zip(place.pair, axes, strict=True)
        )
        there = ~(np.isnan(x) | np.isnan(y)) & shapely.is_missing(shapes)
        shapes[there] = shapely.points(x[there], y[there])
    return shapes


def numbers(
    values: Sequence[Any], name: str, axis: Axis, troubles: dict[int, Trouble]
) -> NDArray[np.float64]:
    """Coordinates; NaN where there is none, with a trouble where there is a wrong one."""
    out = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        if value is None:
            continue
        try:
            plain = type(value) is str and _PLAIN.fullmatch(value)
            found = float(value) if plain else coordinate(value, axis)
        except BadPositionError as bad:
            troubles.setdefault(i, Trouble(bad.reason, name, shown(value)))
            continue
        if found is not None:
            out[i] = found
    return out
