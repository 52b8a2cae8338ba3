"""Shapes of a file to shapes of a layer: moved to the working CRS, checked, mended, made multi.

All of a batch at once (shapely 2 on arrays); only shapes that need mending are looked at alone.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from gridwarden.geodesy import Reading
from gridwarden.intake.formats.batch import OUTLINE, Shapes, Trouble
from gridwarden.layers.catalogue.model import Geometry

MAX_VERTICES: Final = 200_000
NO_AREA_M2: Final = 1e-4
"""A polygon that mends to less than a square centimetre had no area to keep."""
MENDED_AT_MOST = 4
SYMBOL_M: Final = 10.0
"""A closed ring of a drawing that is shorter is a symbol on a layer of lines."""
POINT, LINE, RING, POLYGON, COLLECTION = 0, 1, 2, 3, 7
_FAMILY: Final = {0: POINT, 4: POINT, 1: LINE, 2: LINE, 5: LINE, 3: POLYGON, 6: POLYGON}
_WANTED: Final[dict[Geometry, set[int]]] = {
    "line": {LINE},
    "polygon": {POLYGON},
    "any": {POINT, LINE, POLYGON},
}
_ALONE: Final[dict[Geometry, tuple[int, ...]]] = {"line": (LINE, RING), "polygon": (POLYGON,)}
_MULTI: Final[dict[Geometry, int]] = {"line": 5, "polygon": 6}
WITH_SRID: Final = 0x20000000
"""What EWKB sets in the kind of a shape that names its system."""
_DIMENSION: Final = {POINT: 0, LINE: 1, POLYGON: 2}


@dataclass(frozen=True)
class Shaper:
    """Checks and moves the shapes of one source for one layer."""

    geometry: Geometry
    reading: Reading
    placed: bool = False
    """Whether a row without a shape is placed by what it names, later."""

    def all(self, shapes: Shapes, troubles: dict[int, Trouble], marks: dict[int, str]) -> Shapes:
        """As `checked`, and made multi as the layer keeps them."""
        return multi(self.checked(shapes, troubles, marks), self.geometry)

    def checked(
        self, shapes: Shapes, troubles: dict[int, Trouble], marks: dict[int, str]
    ) -> Shapes:
        """The shapes in the working CRS; None where there is a trouble.

        Rows that are in `troubles` already are left out. Heights are dropped.
        """
        high = (shapely.get_coordinate_dimension(shapes) > 2).any()
        out = shapely.force_2d(shapes) if high else shapes.copy()
        out[list(troubles)] = None
        nowhere = shapely.is_missing(out) | shapely.is_empty(out)
        if self.placed:
            out[nowhere] = None
        else:
            self._refuse(out, nowhere, "no_geometry", troubles)
        self._outlines(out, troubles, marks)
        self._unwrap(out, marks)
        self._refuse(out, ~self._fits(out), "wrong_type", troubles)
        many = shapely.get_num_coordinates(out) > MAX_VERTICES
        self._refuse(out, many, "too_many_vertices", troubles)
        self._move(out, troubles)
        self._mend(out, troubles, marks)
        return out

    def _refuse(
        self, out: Shapes, which: NDArray[np.bool_], reason: str, troubles: dict[int, Trouble]
    ) -> None:
        for i in np.flatnonzero(which):
            value = None if out[i] is None or reason == "no_geometry" else out[i].geom_type
            troubles.setdefault(int(i), Trouble(reason, None, value))
        out[which] = None

    def _fits(self, out: Shapes) -> NDArray[np.bool_]:
        wanted = _WANTED[self.geometry]
        kinds = [k for k, family in _FAMILY.items() if family in wanted]
        return np.isin(shapely.get_type_id(out), kinds) | shapely.is_missing(out)

    def _outlines(self, out: Shapes, troubles: dict[int, Trouble], marks: dict[int, str]) -> None:
        """A closed line of a drawing is the area within it, and on a layer of lines itself; but a
        small ring is a symbol (a manhole, a valve), no line of the city."""
        for i in [i for i, mark in marks.items() if mark == OUTLINE]:
            del marks[i]
            if self.geometry == "line" and out[i] is not None:
                ring = shapely.LineString(shapely.get_exterior_ring(out[i]))
                if not self.reading.geographic and ring.length < SYMBOL_M:
                    troubles.setdefault(i, Trouble("small_ring", None, f"{ring.length:.2f} m"))
                out[i] = ring

    def _unwrap(self, out: Shapes, marks: dict[int, str]) -> None:
        """A collection of one family is that family's multi."""
        for i in np.flatnonzero(shapely.get_type_id(out) == COLLECTION):
            parts = [p for p in shapely.get_parts(out[i]) if not p.is_empty]
            families = {_FAMILY.get(int(shapely.get_type_id(p))) for p in parts}
            if len(families) == 1 and (family := families.pop()) is not None:
                out[i] = _together(family, shapely.get_parts(np.array(parts, dtype=object)))
                marks[int(i)] = "collection"

    def _move(self, out: Shapes, troubles: dict[int, Trouble]) -> None:
        """Into the working CRS, in place; refuses what is no number or no place of ours."""
        coords, owner = shapely.get_coordinates(out, return_index=True)
        x, y = coords[:, 0], coords[:, 1]
        bad = ~(np.isfinite(x) & np.isfinite(y))
        self._refuse_by_point(out, owner[bad], "not_finite", troubles)
        if self.reading.geographic:
            lon, lat = (y, x) if self.reading.north_first else (x, y)
            off = ~bad & ((np.abs(lon) > 180) | (np.abs(lat) > 90))
            self._refuse_by_point(out, owner[off], "out_of_range", troubles, coords[off])
            bad |= off
        safe_x, safe_y = np.where(bad, 0.0, x), np.where(bad, 0.0, y)
        moved_x, moved_y = self.reading.to_working(safe_x, safe_y)
        working = self.reading.working
        here = np.isfinite(moved_x) & np.isfinite(moved_y)
        here[here] = working.holds(moved_x[here], moved_y[here])
        away = ~here & ~bad
        self._refuse_by_point(out, owner[away], "outside_area", troubles, coords[away])
        if moved_x is safe_x and moved_y is safe_y:  # they are in the working CRS as they came
            return
        kept = np.isin(owner, np.flatnonzero(~shapely.is_missing(out)))
        shapely.set_coordinates(out, np.column_stack([moved_x, moved_y])[kept])

    def _refuse_by_point(
        self,
        out: Shapes,
        owners: NDArray[np.int64],
        reason: str,
        troubles: dict[int, Trouble],
        coords: NDArray[np.float64] | None = None,
    ) -> None:
        rows, first = np.unique(owners, return_index=True)
        for row, k in zip(rows, first, strict=True):
            value = None if coords is None else f"{coords[k, 0]!s} {coords[k, 1]!s}"
            troubles.setdefault(int(row), Trouble(reason, None, value))
            out[row] = None

    def _mend(self, out: Shapes, troubles: dict[int, Trouble], marks: dict[int, str]) -> None:
        """Mend what is not valid (a bow-tie, a hole outside) and say so; refuse what has nothing
        left of its own kind."""
        for i in np.flatnonzero(~shapely.is_valid(out) & ~shapely.is_missing(out)):
            family = _FAMILY[int(shapely.get_type_id(out[i]))]
            why = shapely.is_valid_reason(out[i]).split("[")[0].strip().lower()
            mended = _of_family(_made_valid(out[i]), family)
            gone = (
                mended is None
                or not mended.is_valid
                or (family == POLYGON and mended.area < NO_AREA_M2)
            )
            if gone:
                troubles.setdefault(int(i), Trouble("nothing_left", None, why))
                out[i] = None
            else:
                out[i] = mended
                marks[int(i)] = f"made_valid: {why}"
        flat = shapely.get_dimensions(out) == 2
        self._refuse(out, flat & (shapely.area(out) < NO_AREA_M2), "nothing_left", troubles)


def multi(shapes: Shapes, geometry: Geometry) -> Shapes:
    """The shapes as the layer keeps them: on a layer of lines or polygons all are multi."""
    out = shapes.copy()
    which = np.flatnonzero(_single(shapes, geometry))
    if len(which):
        make = shapely.multilinestrings if geometry == "line" else shapely.multipolygons
        out[which] = make(out[which], indices=np.arange(len(which)))
    return out


def ewkb(shapes: Shapes, geometry: Geometry, epsg: int) -> pa.Array:
    """The same as EWKB, null for None. Of a shape alone only the bytes before it are written:
    making a hundred thousand objects costs more than checking them."""
    alone = _single(shapes, geometry)
    raw = shapely.to_wkb(shapes, byte_order=1)
    raw[~alone] = shapely.to_wkb(
        shapely.set_srid(shapes[~alone], epsg), byte_order=1, include_srid=True
    )
    heads: NDArray[np.object_] = np.full(len(raw), b"", dtype=object)
    heads[alone] = struct.pack("<BIII", 1, _MULTI.get(geometry, 0) | WITH_SRID, epsg, 1)
    kind = pa.large_binary()
    return pc.binary_join_element_wise(
        pa.array(heads, kind), pa.array(raw, kind), pa.scalar(b"", kind)
    )


def _single(shapes: Shapes, geometry: Geometry) -> NDArray[np.bool_]:
    return np.isin(shapely.get_type_id(shapes), _ALONE.get(geometry, ()))


def _made_valid(shape: Any) -> Any:
    """The shape mended. The corners that mending adds are rounded, and may cross again."""
    for _ in range(MENDED_AT_MOST):
        shape = shapely.make_valid(shape, method="structure")
        if shape.is_valid:
            break
    return shape


def _of_family(mended: Any, family: int) -> Any | None:
    """What a mended shape has of one dimension; None when nothing."""
    parts = shapely.get_parts(shapely.get_parts(mended))
    mine = parts[shapely.get_dimensions(parts) == _DIMENSION[family]]
    mine = mine[~shapely.is_empty(mine)]
    return _together(family, mine) if len(mine) else None


def _together(family: int, parts: Shapes) -> Any:
    if family == POINT:
        return shapely.multipoints(parts)
    return shapely.multilinestrings(parts) if family == LINE else shapely.multipolygons(parts)
