"""Exported files read back by other people's programs, each as a list of rows."""

import csv
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray

Read = tuple[list[dict[str, Any]], NDArray[np.object_]]
"""Rows by column name, and their shapes (None where there is none)."""


def read_back(kind: str, content: bytes, encoding: str = "utf-8") -> Read:
    """What is in a file of this kind."""
    with tempfile.TemporaryDirectory() as folder:
        return _READERS[kind](Path(folder), content, encoding)


def _gdal(folder: Path, content: bytes, suffix: str) -> Read:
    file = folder / f"x{suffix}"
    file.write_bytes(content)
    return _table(file)


def _table(file: Path) -> Read:
    meta, table = pyogrio.read_arrow(file)
    name = meta["geometry_name"] or "wkb_geometry"
    wkb = table.column(name).to_pylist() if name in table.column_names else [None] * len(table)
    columns = [c for c in table.column_names if c in meta["fields"]]
    return table.select(columns).to_pylist(), shapely.from_wkb(np.array(wkb, dtype=object))


def _shapefiles(folder: Path, content: bytes, encoding: str) -> Read:
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    for file in sorted(folder.glob("*.shp")):
        some, placed = _table(file)
        rows += some
        shapes += placed.tolist()
    return rows, np.array(shapes, dtype=object)


def _geojson(folder: Path, content: bytes, encoding: str) -> Read:
    features = json.loads(content)["features"]
    shapes = [f["geometry"] and shapely.from_geojson(json.dumps(f["geometry"])) for f in features]
    return [f["properties"] for f in features], np.array(shapes, dtype=object)


def _parquet(folder: Path, content: bytes, encoding: str) -> Read:
    table = pq.read_table(io.BytesIO(content))
    wkb = table.column("geometry").to_pylist()
    return table.drop(["geometry", "bbox"]).to_pylist(), shapely.from_wkb(np.array(wkb, object))


def _csv(folder: Path, content: bytes, encoding: str) -> Read:
    text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    return _of_texts(list(csv.DictReader(io.StringIO(text, newline=""))))


def _xlsx(folder: Path, content: bytes, encoding: str) -> Read:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    return _of_texts([dict(zip(map(str, header), row, strict=True)) for row in rows])


def _of_texts(rows: list[dict[str, Any]]) -> Read:
    return rows, shapely.from_wkt(np.array([row.get("wkt") or None for row in rows], object))


def _dxf(folder: Path, content: bytes, encoding: str) -> Read:
    """A row a drawn entity: its identity alone, and its corners as a shape."""
    file = folder / "x.dxf"
    file.write_bytes(content)
    rows, shapes = [], []
    for entity in ezdxf.readfile(file).modelspace():
        if entity.dxftype() != "TEXT":
            rows.append({"source_id": entity.get_xdata("GRIDWARDEN")[0].value})
            shapes.append(_drawn(entity))
    return rows, np.array(shapes, dtype=object)


def _drawn(entity: Any) -> Any:
    if entity.dxftype() == "POINT":
        return shapely.Point(*entity.dxf.location[:2])
    if entity.dxftype() == "HATCH":
        outline, *holes = ([v[:2] for v in path.vertices] for path in entity.paths)
        return shapely.Polygon(outline, holes)
    corners = [tuple(corner) for corner in entity.get_points("xy")]
    return shapely.Polygon(corners) if entity.closed else shapely.LineString(corners)


_READERS: dict[str, Any] = {
    "gpkg": lambda folder, content, _: _gdal(folder, content, ".gpkg"),
    "fgb": lambda folder, content, _: _gdal(folder, content, ".fgb"),
    "shp": _shapefiles,
    "geojson": _geojson,
    "parquet": _parquet,
    "csv": _csv,
    "xlsx": _xlsx,
    "dxf": _dxf,
}
