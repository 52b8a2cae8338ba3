"""GeoParquet 1.1: WKB, the system as PROJJSON, and a box beside each shape to search by."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gridwarden.layers.export.rows import Asked, Rows

SHAPE: Final = "geometry"
BOX: Final = "bbox"
SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_BOX_TYPE: Final = pa.struct([(side, pa.float64()) for side in SIDES])


def write_parquet(file: Path, asked: Asked, rows: Iterator[Rows]) -> None:
    """One row group a chunk; a layer without places is a plain Parquet file."""
    there = asked.content.geometry != "none"
    schema = asked.content.schema
    if there:
        schema = schema.append(pa.field(SHAPE, pa.binary())).append(pa.field(BOX, _BOX_TYPE))
    found = _Found()
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for some in rows:
            arrays = [
                pa.array(values, field.type)
                for values, field in zip(some.columns, asked.content.schema, strict=True)
            ]
            if there:
                arrays += found.shapes(some)
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        if there:
            writer.add_key_value_metadata({"geo": json.dumps(found.document(asked))})


class _Found:
    """What the shapes turned out to be, for the file's own description at its end."""

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.bounds = np.array([np.inf, np.inf, -np.inf, -np.inf])

    def shapes(self, some: Rows) -> list[pa.Array]:
        """The two columns of one chunk."""
        boxes = shapely.bounds(some.shapes)
        there = boxes[~np.isnan(boxes[:, 0])]
        if len(there):
            self.bounds[:2] = np.minimum(self.bounds[:2], there[:, :2].min(axis=0))
            self.bounds[2:] = np.maximum(self.bounds[2:], there[:, 2:].max(axis=0))
        self.types |= {shape.geom_type for shape in some.shapes if shape is not None}
        sides = [pa.array(boxes[:, i], pa.float64()) for i in range(4)]
        covering = pa.StructArray.from_arrays(
            sides, list(SIDES), mask=pa.array(np.isnan(boxes[:, 0]))
        )
        return [pa.array(shapely.to_wkb(some.shapes), pa.binary()), covering]

    def document(self, asked: Asked) -> dict[str, Any]:
        """The `geo` member of the file's metadata."""
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": sorted(self.types),
            "crs": asked.target.crs.to_json_dict(),
            "covering": {BOX: {side: [BOX, side] for side in SIDES}},
        }
        if np.isfinite(self.bounds).all():
            column["bbox"] = self.bounds.tolist()
        return {"version": "1.1.0", "primary_column": SHAPE, "columns": {SHAPE: column}}
