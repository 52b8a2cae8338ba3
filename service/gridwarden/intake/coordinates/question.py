"""The question that holds an import: the readings it may have, each with what would come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import shapely
from shapely.geometry import mapping

from gridwarden.geodesy import Reading
from gridwarden.intake.coordinates.extent import Extent, Looked
from gridwarden.intake.formats.batch import Shapes

SAMPLED: Final = 50
VERTICES: Final = 40
"""Of one shape in a sample: enough to know it again on a map."""
_SIMPLER_M: Final = (0.0, 1.0, 5.0, 25.0, 100.0)
_DIGITS: Final = 7


@dataclass(frozen=True)
class Option:
    """One reading: how to answer for it, and how many of the shapes then lie in the city.

    `key` ends `coordinates.option.<key>` of the words; `params` fill it. `sample` holds a few
    shapes as they would lie, longitude and latitude, GeoJSON.
    """

    answer: Mapping[str, Any]
    key: str
    inside: int
    of: int
    sample: Mapping[str, Any]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What has to be known before the rows can be placed. `key` ends `coordinates.asked.<key>`.

    `kind` is `coordinates` (whose are they) or `axes` (which number is the northing; the first
    option is the repair).
    """

    kind: Literal["coordinates", "axes"]
    key: str
    options: Sequence[Option]
    params: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As it is kept and answered from."""
        said: dict[str, Any] = {"kind": self.kind, "key": self.key, "params": dict(self.params)}
        if self.kind == "axes":
            first = self.options[0]
            said |= {"answer": dict(first.answer), "inside": first.inside, "of": first.of}
        return said | {
            "options": [
                {
                    "answer": dict(one.answer),
                    "key": one.key,
                    "params": dict(one.params),
                    "inside": one.inside,
                    "of": one.of,
                    "sample": dict(one.sample),
                }
                for one in self.options
            ]
        }


def option(
    reading: Reading,
    answer: Mapping[str, Any],
    key: str,
    looked: Looked,
    extent: Extent,
    **params: Any,
) -> Option:
    """An option with its count and its sample."""
    inside = looked.inside(reading, extent)
    return Option(answer, key, inside, looked.of, sample(looked.shapes, reading), params)


def sample(shapes: Shapes, reading: Reading) -> dict[str, Any]:
    """A few shapes, spread over the rows, simplified, where this reading puts them (lon, lat)."""
    step = max(1, -(-len(shapes) // SAMPLED))
    some = shapes[::step]
    moved = shapely.transform(some, lambda c: np.column_stack(reading.to_working(*c.T)))
    geometries = [g for g in (_drawn(one, reading) for one in moved) if g is not None]
    return {"type": "GeometryCollection", "geometries": geometries}


def _drawn(shape: Any, reading: Reading) -> dict[str, Any] | None:
    """One shape of metres as GeoJSON of few vertices; None where it lies nowhere."""
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return None
    for tolerance in _SIMPLER_M:
        simple = shapely.simplify(shape, tolerance) if tolerance else shape
        if shapely.get_num_coordinates(simple) <= VERTICES:
            break
    else:
        simple = shapely.Point(shapely.get_coordinates(shape)[0])
    lonlat = shapely.transform(simple, lambda c: np.column_stack(reading.working.lonlat(*c.T)))
    if not np.isfinite(shapely.get_coordinates(lonlat)).all():
        return None
    document: dict[str, Any] = _rounded(mapping(lonlat))
    return document


def _rounded(document: Any) -> Any:
    if isinstance(document, dict):
        return {k: _rounded(v) for k, v in document.items()}
    if isinstance(document, (list, tuple)):
        return [_rounded(v) for v in document]
    return round(document, _DIGITS) if isinstance(document, float) else document
