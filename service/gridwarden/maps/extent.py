"""`bbox`: west, south, east, north in degrees."""

import math
from typing import Final

from gridwarden.maps.cells import side_of
from gridwarden.words.problems import Problem

Box = tuple[float, float, float, float]
MOST_IN_A_BOX: Final = 1_000_000
"""Square cells that a box may hold: 100 km each way in squares of 100 m."""
_A_DEGREE_M: Final = 111_320.0


def parse_box(text: str | None) -> Box | None:
    """Read a `bbox` parameter; raises Problem `invalid_value` for anything that is not one."""
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Problem("invalid_value", "maps.bad_bbox", field="bbox") from None
    inside = all(math.isfinite(v) for v in (west, south, east, north))
    if not inside or not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Problem("invalid_value", "maps.bad_bbox", field="bbox")
    return west, south, east, north


def box_of(text: str | None, system: str) -> Box | None:
    """As `parse_box`, of a box that can be meant for these cells.

    Raises Problem `invalid_value` for one that would hold more than MOST_IN_A_BOX of them, reckoned
    on a sphere at the box's own latitudes.
    """
    box, side = parse_box(text), side_of(system)
    if box is not None and side is not None:
        west, south, east, north = box
        height = (north - south) * _A_DEGREE_M
        widest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
        width = (east - west) * _A_DEGREE_M * math.cos(math.radians(widest))
        if height * width > MOST_IN_A_BOX * side**2:
            most = MOST_IN_A_BOX * side**2 / 1e6
            raise Problem("invalid_value", "maps.wide_bbox", field="bbox", km2=f"{most:,.0f}")
    return box


def in_box(point: tuple[float, float], box: Box) -> bool:
    """Whether a position (lon, lat) lies in the closed box."""
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
