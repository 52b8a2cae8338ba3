"""GeoPackage, FlatGeobuf and zipped Shapefiles, written by GDAL from a stream of Arrow batches."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyogrio
import shapely

from gridwarden.layers.export.rows import Asked, Rows, arrow_schema, batches, said
from gridwarden.words.problems import Problem

GEOMETRY: Final = "geom"
NAME_BYTES: Final = 10
TEXT_BYTES: Final = 254
"""What a DBF's text field holds."""
KINDS: Final = (
    ("point", "Point", (0,)),
    ("points", "MultiPoint", (4,)),
    ("line", "MultiLineString", (1, 2, 5)),
    ("polygon", "MultiPolygon", (3, 6)),
)
"""A Shapefile holds one kind of shape: its name's end, its type, and shapely's ids."""


def write_gpkg(file: Path, asked: Asked, rows: Iterator[Rows]) -> None:
    """A GeoPackage of one table; without shapes it is a plain one."""
    _write(file, asked, rows, "GPKG")


def write_fgb(file: Path, asked: Asked, rows: Iterator[Rows]) -> None:
    """A FlatGeobuf with its spatial index, for which every row must have a place."""
    indexed = "NO" if asked.content.geometry == "none" else "YES"
    _write(file, asked, rows, "FlatGeobuf", SPATIAL_INDEX=indexed)


def _write(file: Path, asked: Asked, rows: Iterator[Rows], driver: str, **more: Any) -> None:
    there = asked.content.geometry != "none"
    shape = GEOMETRY if there or driver == "FlatGeobuf" else None
    reader = pa.RecordBatchReader.from_batches(
        arrow_schema(asked, shape), batches(asked, rows, shape)
    )
    if shape:
        more |= {"geometry_name": GEOMETRY, "geometry_type": asked.content.kinds}
        more |= {"crs": asked.target.for_gdal}
    if asked.copy is not None and driver == "GPKG":
        more["dataset_metadata"] = {"copy": asked.copy.text}
    elif asked.copy is not None:
        more["DESCRIPTION"] = asked.copy.text
    pyogrio.write_arrow(reader, file, layer=_layer(asked), driver=driver, **more)


def _layer(asked: Asked) -> str:
    """The table's name, which says that shifted places are none."""
    return f"{asked.content.name}_gcj02" if asked.target.shifted else asked.content.name


def write_shapefile(file: Path, asked: Asked, rows: Iterator[Rows]) -> None:
    """A zip with one Shapefile for each kind of shape.

    Its field names are the machine names cut to 10 bytes, as the importer knows them; there is no
    `extra`: no field could hold it. Raises Problem `too_large` for a text of more than 254 bytes.
    """
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".shapefile-") as folder:
        room = Path(folder)
        begun: set[str] = set()
        for some in rows:
            _some_shapes(room, asked, some, begun)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(room.iterdir()):
                with part.open("rb") as read, archive.open(part.name, "w") as written:
                    shutil.copyfileobj(read, written, 1 << 20)


def _some_shapes(room: Path, asked: Asked, some: Rows, begun: set[str]) -> None:
    """Add rows to the Shapefile of their kind; a layer without any still gets one."""
    ids = shapely.get_type_id(some.shapes)
    mixed = asked.content.kinds == "Unknown"
    kinds = [k for k in KINDS if mixed or k[1] == asked.content.kinds]
    for end, kind, members in kinds:
        which = np.flatnonzero(np.isin(ids, members))
        if not len(which) and (begun or len(ids) or kind != kinds[0][1]):
            continue
        name = f"{_layer(asked)}_{end}" if mixed else _layer(asked)
        pyogrio.write_arrow(
            _dbf(asked, some, which),
            room / f"{name}.shp",
            driver="ESRI Shapefile",
            append=name in begun,
            geometry_name=GEOMETRY,
            geometry_type=kind,
            crs=asked.target.for_gdal,
            encoding=asked.encoding.upper(),
        )
        begun.add(name)


def _dbf(asked: Asked, some: Rows, which: Any) -> pa.Table:
    """Some of the rows as a DBF can hold them."""
    names: list[str] = []
    arrays: list[pa.Array] = []
    for field, values in zip(asked.content.fields, some.columns, strict=True):
        if field.type == "json":
            continue
        kept: Any = [values[i] for i in which]
        kind = asked.content.schema.field(field.name).type
        if field.type in ("text", "timestamp"):
            kept, kind = [said(v, asked.zone) for v in kept], pa.string()
            for text in kept:
                if text and len(text.encode(asked.encoding)) > TEXT_BYTES:
                    raise Problem(
                        "too_large",
                        "export.text_too_long",
                        field="format",
                        column=field.name,
                        n=TEXT_BYTES,
                    )
        names.append(_cut(field.name, names))
        arrays.append(pa.array(kept, kind))
    shapes = pa.array(shapely.to_wkb(some.shapes[which]), pa.binary())
    return pa.Table.from_arrays([*arrays, shapes], [*names, GEOMETRY])


def _cut(name: str, others: list[str]) -> str:
    """A name as long as a DBF's may be, and none twice."""
    if name[:NAME_BYTES] not in others:
        return name[:NAME_BYTES]
    return next(
        short for n in range(2, 100) if (short := f"{name[: NAME_BYTES - 2]}{n:02}") not in others
    )
