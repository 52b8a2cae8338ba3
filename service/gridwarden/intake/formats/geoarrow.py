"""GeoParquet's native encodings: coordinates as plain columns, nested once for each level."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import shapely

from gridwarden.intake.formats.batch import Shapes

NATIVE: Final = frozenset(
    {"point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
)
_BY_DEPTH: Final = {
    0: shapely.GeometryType.POINT,
    1: shapely.GeometryType.LINESTRING,
    2: shapely.GeometryType.POLYGON,
    3: shapely.GeometryType.MULTIPOLYGON,
}
_OTHERS: Final = {
    "multipoint": shapely.GeometryType.MULTIPOINT,
    "multilinestring": shapely.GeometryType.MULTILINESTRING,
}


def native_shapes(column: Any, encoding: str = "") -> Shapes:
    """Shapes from a nested column of x and y; None where the column is null.

    Raises ValueError or KeyError for a column that is nested otherwise.
    """
    shapes: Shapes = np.full(len(column), None, dtype=object)
    there = np.flatnonzero(np.asarray(column.is_valid()))
    if not len(there):
        return shapes
    offsets: list[np.ndarray[Any, Any]] = []
    values = column.drop_null()
    while pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        starts = values.offsets.to_numpy()
        offsets.insert(0, starts - starts[0])
        values = values.flatten()
    x, y = (np.asarray(values.field(axis), dtype=float) for axis in ("x", "y"))
    kind = _OTHERS.get(encoding, _BY_DEPTH[len(offsets)])
    shapes[there] = shapely.from_ragged_array(
        kind, np.column_stack([x, y]), tuple(offsets) if offsets else None
    )
    return shapes
