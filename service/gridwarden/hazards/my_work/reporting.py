"""A new hazard in one short form: a photo, what, and where: by the phone, typed, or the grid."""

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from gridwarden.geodesy import WorkingCrs
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.words.problems import Problem

FIELDS: Final = ("category", "description", "place_words", "position", "grid", "grade")
_PAIR: Final = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，;；\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*")


def told_of(values: Mapping[str, str], role: str, srid: int) -> dict[str, Any]:
    """What the form reports, as api.report_case takes it. Raises Problem naming the field.

    A position is longitude and latitude (WGS 84, as phones give it); without one the grid is named,
    and the case stands nowhere on the map until somebody says where.
    """
    category, said = values.get("category", ""), values.get("description", "").strip()
    if category not in CATEGORIES:
        known = ", ".join(CATEGORIES)
        raise Problem("invalid_value", "asked.bad_choice", field="category", choices=known)
    if not said or len(said) > 4000 or "\x00" in said:
        raise Problem("missing_value", "my_work.no_description", field="description")
    place = values.get("place_words", "").strip()[:300].replace("\x00", "")
    told: dict[str, Any] = {"category": category, "description": said, "source": SOURCES[role]}
    told["place_words"] = place or None
    if values.get("grade") in ("general", "serious", "major"):
        told["grade"] = values["grade"]
    position = values.get("position", "").strip()
    if position:
        return told | metres_of(position, srid)
    grid = values.get("grid", "")
    if not (grid.isascii() and grid.isdigit() and len(grid) < 19) or not place:
        raise Problem("missing_value", "my_work.no_place", field="position")
    return told | {"grid_id": int(grid)}


SOURCES: Final[Mapping[str, str]] = {
    "warden": "patrol",
    "inspector": "inspection",
    "supervisor": "inspection",
    "utility": "self_check",
    "contractor": "self_check",
}
"""As what a report of this role counts."""


def metres_of(text: str, srid: int) -> dict[str, float]:
    """x and y, metres of the working CRS, of "longitude, latitude". Raises Problem."""
    found = _PAIR.fullmatch(text)
    if found is None:
        raise Problem("invalid_value", "my_work.bad_position", field="position")
    lon, lat = float(found[1]), float(found[2])
    working = WorkingCrs(srid)
    x, y = working.from_lonlat(np.array([lon]), np.array([lat]))
    if not np.isfinite([x[0], y[0]]).all() or not working.holds(x, y)[0]:
        raise Problem("invalid_value", "my_work.far_position", field="position")
    return {"x": round(float(x[0]), 3), "y": round(float(y[0]), 3)}
