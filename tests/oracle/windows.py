"""What lies along and around a main: people within a distance, and the class of a location."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import shapely

from . import ground
from .reading import Feature


def share_within(area: shapely.Geometry, line: shapely.Geometry, reach: float) -> float:
    """The share of a surface within a distance of a line; quarter circles have 8 sides."""
    if area.area == 0:
        return 1.0
    return float(area.intersection(line.buffer(reach, quad_segs=8)).area / area.area)


def most_units(main: shapely.Geometry, counted: Sequence[Feature], said: dict[str, Any]) -> int:
    """The most units in any window of `along_m`, both ends in it, slid along a part of the main.

    A record within `each_side_m` counts where it is nearest to the part; one that does not say how
    many units it has is one.
    """
    worst = 0
    for part in getattr(main, "geoms", [main]):
        corners = shapely.get_coordinates(part).tolist()
        metres = sum(ground.length(one, other) for one, other in pairwise(corners))
        places = []
        for one in counted:
            nearest = shapely.shortest_line(part, one.shape)
            (here, there) = nearest.coords[0], nearest.coords[-1]
            if ground.length(here[:2], there[:2]) <= said["each_side_m"]:
                share = part.project(shapely.Point(here), normalized=True)
                units = one.number(said["units"]) if said.get("units") else 1
                places.append((share * metres, 1 if units is None else int(units)))
        for start, _ in places:
            end = start + said["along_m"]
            worst = max(worst, sum(units for place, units in places if start <= place <= end))
    return worst


def class_of(units: int, classes: Sequence[dict[str, Any]]) -> str:
    """The first class that holds so many."""
    return next(
        str(one["id"]) for one in classes if one.get("upto") is None or units <= one["upto"]
    )
