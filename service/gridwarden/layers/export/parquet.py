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
        # Readers look for it in the schema, which stands before the first row.
        schema = schema.with_metadata({"geo": json.dumps(_document(asked))})
    if asked.copy is not None:
        schema = schema.with_metadata({**(schema.metadata or {}), "copy": asked.copy.text})
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for some in rows:
            arrays = [
                pa.array(values, field.type)
                for values, field in zip(some.columns, asked.content.schema, strict=True)
            ]
            if there:
                arrays += [pa.array(shapely.to_wkb(some.shapes), pa.binary()), _boxes(some)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


def _boxes(some: Rows) -> pa.Array:
    boxes = shapely.bounds(some.shapes)
    sides = [pa.array(boxes[:, i], pa.float64()) for i in range(4)]
    return pa.StructArray.from_arrays(sides, list(SIDES), mask=pa.array(np.isnan(boxes[:, 0])))


def _document(asked: Asked) -> dict[str, Any]:
    """The `geo` member of the file's metadata; no types mean that they are mixed."""
    kinds = asked.content.kinds
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [] if kinds == "Unknown" else [kinds],
        "crs": asked.target.crs.to_json_dict(),
        "covering": {BOX: {side: [BOX, side] for side in SIDES}},
    }
    return {"version": "1.1.0", "primary_column": SHAPE, "columns": {SHAPE: column}}
