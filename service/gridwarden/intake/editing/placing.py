"""Where an edited feature lies: whose coordinates it has, and its shape as GeoJSON says it."""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from shapely.geometry.base import BaseGeometry
from starlette.requests import Request

from gridwarden.database import Caller
from gridwarden.geodesy import Reading, WorkingCrs
from gridwarden.intake.area import DEPTHS
from gridwarden.intake.coordinates.deciding import Said as Answered
from gridwarden.intake.coordinates.deciding import decided
from gridwarden.intake.coordinates.extent import Extent
from gridwarden.intake.coordinates.knowing import extent_of
from gridwarden.intake.coordinates.local import LOCAL
from gridwarden.intake.coordinates.named import fitted_by
from gridwarden.intake.coordinates.question import Question
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.crs_member import crs_name
from gridwarden.layers.catalogue import Layer, layers
from gridwarden.layers.features.crs import CRS84, Crs, crs_of
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

SHIFTED: Final = ("gcj02", "bd09")
KINDS: Final = frozenset({*DEPTHS, "GeometryCollection"})


@dataclass(frozen=True)
class Stated:
    """The system that a request states: its name as readings have it, the order of its two numbers
    (None: its own), who said so, and the system of the answer."""

    name: str
    north_first: bool | None
    field: str
    answer: Crs


@dataclass(frozen=True)
class Around:
    """What of the city has to be known to place a feature."""

    extent: Extent
    fitted: Reading | None
    surely_inside: bool
    """Whether a feature has to lie in the city, and not only where the working CRS is defined."""


def stated(request: Request, members: tuple[Any, ...], crs: str | None, working: int) -> Stated:
    """`crs=`, the header Content-Crs, or a `crs` member; longitude and latitude of CRS84 without.

    Raises Problem (400) for a system that is not known, and for two that differ.
    """
    header = request.headers.get("Content-Crs")
    header = None if header is None else header.strip().removeprefix("<").removesuffix(">").strip()
    told = [_named(n, f, working) for n, f in ((crs, "crs"), (header, "Content-Crs")) if n]
    if len(told) == 2 and told[0].name != told[1].name:
        raise Problem("invalid_value", "editing.two_systems", field="Content-Crs")
    if told:
        return told[0]
    if not members:
        return _named(CRS84, "crs", working)
    name = crs_name(members[0]) if len(members) == 1 else None
    if name is None:
        raise Problem("invalid_value", "editing.bad_member", field="crs")
    found = _named(name, "crs", working)
    # the older GeoJSON has east before north, whatever the system's own order
    return Stated(found.name, found.north_first and False, "crs", found.answer)


def _named(name: str, field: str, working: int) -> Stated:
    plain = name.strip()
    here = crs_of(CRS84, field, working)
    if plain.lower().replace("-", "") in SHIFTED:
        return Stated(plain.lower().replace("-", ""), False, field, here)
    if plain.startswith(LOCAL):
        return Stated(plain, None, field, here)
    found = crs_of(plain, field, working)
    return Stated(f"EPSG:{found.srid}", found.north_first, field, found)


async def around(
    c: AsyncConnection[TupleRow], caller: Caller, layer: Layer, system: Stated, settings: Settings
) -> Around:
    """Look up where the city is, and a local system. Raises Problem for one that is not there.

    Who does not read districts, and who draws them, is not held to them.
    """
    working = WorkingCrs(settings.crs)
    fitted = await fitted_by(c, system.name, working)
    if layer.id == "districts" or caller.role not in layers()["districts"].readers:
        return Around(Extent(working), fitted, False)
    extent = await extent_of(c, settings.crs)
    return Around(extent, fitted, extent.districts is not None)


def shape_of(geometry: object) -> BaseGeometry | None:
    """A GeoJSON geometry in its own numbers; None for null. Raises Problem (400)."""
    if geometry is None:
        return None
    if not isinstance(geometry, dict) or geometry.get("type") not in KINDS:
        raise Problem("invalid_geometry", "editing.no_geometry", field="geometry")
    plain = {name: geometry.get(name) for name in ("type", "coordinates", "geometries")}
    try:
        _check_numbers(plain)
        return shapely.from_geojson(json.dumps({k: v for k, v in plain.items() if v is not None}))
    except (shapely.GEOSException, ValueError, TypeError, RecursionError):
        raise Problem("invalid_geometry", "editing.no_geometry", field="geometry") from None


def _check_numbers(geometry: Any) -> None:
    """Raises ValueError, TypeError or RecursionError for anything but positions of two numbers or
    more at the depth that the kind has."""
    if geometry["type"] == "GeometryCollection":
        for one in geometry["geometries"]:
            if one["type"] not in KINDS:
                raise ValueError("no kind of geometry")
            _check_numbers(one)
        return
    positions = [geometry["coordinates"]]
    for _ in range(DEPTHS[geometry["type"]]):
        positions = [inner for outer in positions for inner in _list(outer)]
    for position in positions:
        if not all(type(number) in (int, float) for number in _list(position)):
            raise ValueError("a position is numbers")
        if len(position) < 2 and (position or geometry["type"] != "Point"):
            raise ValueError("a position has two numbers")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def reading(shape: BaseGeometry, system: Stated, known: Around, settings: Settings) -> Reading:
    """How the numbers of a shape are read, by the same rules as a file's.

    Raises Problem (400) where the numbers plainly do not fit the system that was stated, and where
    the feature does not lie in the city.
    """
    sample = np.array([shape], dtype=object)
    asking = Answered(system.name, system.north_first)
    claim = Claim(None, "geojson")
    with np.errstate(over="ignore", invalid="ignore"):  # the checker refuses such numbers by name
        decision = decided(claim, sample, asking, settings, known.extent, fitted=known.fitted)
    if decision.question is not None:
        raise _not_so(decision.question, system)
    assert decision.reading is not None
    if known.surely_inside and any(n.startswith("none_in_city") for n in decision.notes):
        raise Problem("invalid_geometry", "editing.outside_city", field="geometry")
    return decision.reading


def _not_so(question: Question, system: Stated) -> Problem:
    if question.kind == "axes":
        return Problem("invalid_geometry", "editing.turned", field="geometry", crs=system.name)
    fits = question.options[0].answer.get("crs", "")
    return Problem(
        "invalid_geometry", "editing.misfit", field="geometry", crs=system.name, fits=fits
    )
