"""`bbox`: west, south, east, north in degrees."""

import math

from gridwarden.words.problems import Problem

Box = tuple[float, float, float, float]


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


def in_box(point: tuple[float, float], box: Box) -> bool:
    """Whether a position (lon, lat) lies in the closed box."""
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
