"""Which columns of a table hold the position, and whose coordinates they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import shapely

from gridwarden.intake.formats.claim import DEGREES, PLANE, Claim
from gridwarden.intake.formats.headers import WHOLE, Coordinate, Kind, coordinate_of, header
from gridwarden.intake.formats.positions import BadPositionError, coordinate
from gridwarden.intake.formats.systems import DEGREES_OF, Said, said_in

_BEST: Final = ("wgs84", "cgcs2000", "gcj02", "bd09", "xian80", "beijing54", None)
"""Of several pairs of one file the one whose datum is known comes first."""
CODE: Final = "EPSG:"
_NUMBERED: Final = 10_000_000
"""Metres: an easting beyond begins with the number of its zone."""
_DEGREES: Final = 180


class Headed(Protocol):
    """What names columns, and what is said above and below them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, none twice."""
        ...

    @property
    def titles(self) -> tuple[str, ...]:
        """The texts above."""
        ...

    @property
    def feet(self) -> tuple[str, ...]:
        """The texts below."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table has its positions: the whole shape as WKT, a pair of columns, both or none.

    The pair is (east, north) where the headers tell which is which, else as they are called
    (x, y). `degrees` tells that they are longitude and latitude.
    """

    claim: Claim
    wkt: str | None = None
    pair: tuple[str, str] | None = None
    degrees: bool = False

    @property
    def fields(self) -> set[str]:
        """The columns that hold the position."""
        return {*([self.wkt] if self.wkt else []), *(self.pair or ())}


def place_in(layout: Headed, sample: Sequence[Sequence[Any]]) -> Place:
    """Where a table has its positions; `sample` are the cells of its first rows."""
    found = {name: one for name in layout.names if (one := coordinate_of(name)) is not None}
    said = said_in([*layout.titles, *layout.feet])
    wkt = _first(found, "wkt")
    pair, kinds = _pair(found, layout.names)
    if pair and wkt and header(wkt) != WHOLE:
        wkt = None
    values = _sampled(layout.names, sample, wkt, pair)
    datum = (found[pair[0]].datum or found[pair[1]].datum) if pair else None
    coded = _coded(datum, kinds, pair)
    if wkt:
        claim = coded or _of_wkt(wkt, said, values)
        return Place(claim, wkt, pair, kinds == ("lon", "lat"))
    if pair is None:
        return Place(Claim(None, "no_place"))
    if coded:
        return Place(coded, None, pair, kinds == ("lon", "lat"))
    if kinds == ("lon", "lat"):
        return Place(_of_degrees(pair, datum, said), None, pair, True)
    return Place(_of_plane(pair, kinds, datum, said, values), None, pair)


def _coded(
    datum: str | None, kinds: tuple[Kind, Kind], pair: tuple[str, str] | None
) -> Claim | None:
    """The claim of headers that leave nothing open: a code, or the datum of degrees. A whole shape
    beside such a pair is in the same system."""
    if datum is None or pair is None:
        return None
    if datum.startswith(CODE):
        return Claim(datum, "header", detail=pair[0])
    return _of_degrees(pair, datum, None) if kinds == ("lon", "lat") else None


def _pair(
    found: dict[str, Coordinate], names: Sequence[str]
) -> tuple[tuple[str, str] | None, tuple[Kind, Kind]]:
    """The two columns of the position: longitude and latitude before metres, a known datum before
    an unknown one, east and north before X and Y."""
    bounds = any(header(name) in ("南", "西", "南至", "西至") for name in names)
    pairs: tuple[tuple[Kind, Kind], ...] = (("lon", "lat"), ("east", "north"), ("x", "y"))
    for one, other in pairs:
        if bounds and one == "east":
            continue  # 东 西 南 北 are a site's bounds in words
        for datum in _BEST:
            a, b = _first(found, one, datum), _first(found, other, datum)
            if a and b:
                return (a, b), (one, other)
        loose_a, loose_b = _first(found, one), _first(found, other)
        if loose_a and loose_b:
            return (loose_a, loose_b), (one, other)
    return None, ("x", "y")


_ANY: Final = "any"


def _first(found: dict[str, Coordinate], kind: Kind, datum: str | None = _ANY) -> str | None:
    return next((n for n, c in found.items() if c.kind == kind and datum in (_ANY, c.datum)), None)


def _of_degrees(pair: tuple[str, str], datum: str | None, said: Said | None) -> Claim:
    if datum in DEGREES_OF:
        return Claim(DEGREES_OF[datum], "header", detail=pair[0])
    if said is not None:
        return said.claim(plane=False, numbered=False, north_first=False)
    return Claim(DEGREES, "lonlat_columns", detail=pair[0])


def _of_plane(
    pair: tuple[str, str],
    kinds: tuple[Kind, Kind],
    datum: str | None,
    said: Said | None,
    values: np.ndarray[Any, Any],
) -> Claim:
    north_first = False if kinds == ("east", "north") else None
    numbered = bool(len(values)) and bool(np.nanmax(values) > _NUMBERED)
    if datum is not None and (said is None or said.datum != datum):
        claim = Said(datum, pair[0]).claim(plane=True, numbered=numbered, north_first=north_first)
        because = "header" if claim.because == "title_row" else claim.because
        return Claim(claim.system, because, north_first, ", ".join(pair))
    if said is not None:
        return said.claim(plane=True, numbered=numbered, north_first=north_first)
    # Survey sheets call the northing X: which is which, the numbers have to say.
    because = "xy_columns" if north_first is None else "east_north_columns"
    return Claim(PLANE, because, north_first, ", ".join(pair))


def _of_wkt(name: str, said: Said | None, values: np.ndarray[Any, Any]) -> Claim:
    if said is None:
        return Claim(None, "wkt_column", None, name)
    most = float(np.nanmax(values)) if len(values) else _NUMBERED
    return said.claim(plane=most > _DEGREES, numbered=most > _NUMBERED, north_first=None)


def _sampled(
    names: Sequence[str],
    sample: Sequence[Sequence[Any]],
    wkt: str | None,
    pair: tuple[str, str] | None,
) -> np.ndarray[Any, Any]:
    """Some numbers of the positions, of both axes; empty where there is none."""
    out: list[float] = []
    for cells in sample:
        if wkt and (at := names.index(wkt)) < len(cells) and isinstance(cells[at], str):
            shape = shapely.from_wkt(cells[at], on_invalid="ignore")
            out += (
                []
                if shape is None
                else [float(v) for v in shapely.get_coordinates(shape)[:1].ravel()]
            )
        for name in pair or ():
            at = names.index(name)
            value = cells[at] if at < len(cells) else None
            try:
                found = coordinate(value, "plane")
            except BadPositionError:
                continue
            out += [] if found is None else [found]
    finite: np.ndarray[Any, Any] = np.abs(np.array(out, dtype=float))
    fine: np.ndarray[Any, Any] = finite[np.isfinite(finite)]
    return fine
