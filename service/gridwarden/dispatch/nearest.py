"""Nearest sheds by straight line, from the index of the metric column."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.geodesy import WorkingCrs
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.dispatch", "nearest.sql")
K_MAX: Final = 50
TRUTHS: Final = {
    "": True,
    "1": True,
    "true": True,
    "yes": True,
    "0": False,
    "false": False,
    "no": False,
}


@dataclass(frozen=True, slots=True)
class Search:
    """A checked question: a place (degrees, and metres of the working CRS), how many, free only?"""

    lon: float
    lat: float
    x: float
    y: float
    srid: int
    k: int = 5
    free: bool = False


def read_search(values: Mapping[str, str | None], epsg: int) -> Search:
    """The search that texts from a query string, a form or a command line ask for.

    Raises Problem naming `lon`, `lat`, `k`, `by` or `free`.
    """
    by = values.get("by") or "line"
    if by == "road":
        raise Problem("refused", "dispatch.problem.road", field="by")
    if by != "line":
        raise Problem("invalid_value", "dispatch.problem.by", field="by")
    lon = _degrees(values.get("lon"), "lon", 180)
    lat = _degrees(values.get("lat"), "lat", 90)
    said = values.get("free")
    free = False if said is None else TRUTHS.get(said.lower())
    if free is None:
        raise Problem("invalid_value", "dispatch.problem.free", field="free")
    working = WorkingCrs(epsg)
    x, y = working.from_lonlat(np.array([lon]), np.array([lat]))
    west, south, east, north = working.area
    if not (west <= lon <= east and south <= lat <= north and math.isfinite(x[0] + y[0])):
        raise Problem(
            "invalid_value",
            "dispatch.problem.outside",
            field="lon",
            west=west,
            south=south,
            east=east,
            north=north,
        )
    return Search(lon, lat, float(x[0]), float(y[0]), epsg, _count(values.get("k")), free)


async def nearest(pool: Pool, caller: Caller, search: Search) -> str:
    """The sheds nearest first, as the text of a JSON array, as the caller may see them."""
    async with as_caller(pool, caller) as connection:
        values = {
            "x": search.x,
            "y": search.y,
            "srid": search.srid,
            "k": search.k,
            "free": search.free,
        }
        row = await (await connection.execute(Q["nearest"], values)).fetchone()
    return str(row[0]) if row else "[]"


def _degrees(text: str | None, field: str, limit: int) -> float:
    if text is None or not text.strip():
        raise Problem("missing_value", "dispatch.problem.degrees", field=field, limit=limit)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not -limit <= value <= limit:
        raise Problem("invalid_value", "dispatch.problem.degrees", field=field, limit=limit)
    return value


def _count(text: str | None) -> int:
    if text is None or not text.strip():
        return 5
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= K_MAX):
        raise Problem("invalid_value", "dispatch.problem.k", field="k", limit=K_MAX)
    return int(text)
