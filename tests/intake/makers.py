"""Files such as offices send, good and bad, made by the tests themselves."""

import csv
import json
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

# Around 114.30 E, 30.50 N: Wuhan, inside the area of EPSG:4547.
X0, Y0 = 114.30, 30.50
SQUARE = [(0, 0), (0.001, 0), (0.001, 0.001), (0, 0.001), (0, 0)]
BOW_TIE = [(0, 0), (0.001, 0.001), (0.001, 0), (0, 0.001), (0, 0)]
OPEN = SQUARE[:-1]
TYPES = {1: "Point", 2: "LineString", 3: "Polygon"}


def ring(corners: Sequence[tuple[float, float]], at: int = 0) -> list[list[float]]:
    """A ring of degrees, each one a little farther east."""
    return [[X0 + 0.002 * at + x, Y0 + y] for x, y in corners]


def polygon(corners: Sequence[tuple[float, float]] = SQUARE, at: int = 0) -> dict[str, Any]:
    """A GeoJSON polygon, closed or not."""
    return {"type": "Polygon", "coordinates": [ring(corners, at)]}


def line(*points: tuple[float, float]) -> dict[str, Any]:
    """A GeoJSON line of offsets in degrees."""
    return {"type": "LineString", "coordinates": [[X0 + x, Y0 + y] for x, y in points]}


def point(x: float = 0.0, y: float = 0.0) -> dict[str, Any]:
    """A GeoJSON point of offsets in degrees."""
    return {"type": "Point", "coordinates": [X0 + x, Y0 + y]}


Row = tuple[dict[str, Any] | None, dict[str, Any]]


def geojson(path: Path, rows: Sequence[Row]) -> Path:
    """A FeatureCollection."""
    features = [{"type": "Feature", "geometry": g, "properties": p} for g, p in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def wkb(geometry: dict[str, Any] | None) -> bytes | None:
    """WKB as it is written, also for what no library would make (an open ring, NaN)."""
    if geometry is None:
        return None
    coordinates = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        out = struct.pack("<BII", 1, 3, len(coordinates))
        for one in coordinates:
            out += struct.pack("<I", len(one)) + b"".join(struct.pack("<dd", *c) for c in one)
        return out
    shape = shapely.from_geojson(json.dumps(geometry))
    return bytes(shapely.to_wkb(shape))


def gdal(
    path: Path,
    rows: Sequence[Row],
    *,
    driver: str,
    crs: str | None = "EPSG:4326",
    layer: str | None = None,
    encoding: str | None = None,
    geometry_type: str = "Unknown",
    append: bool = False,
) -> Path:
    """A file that GDAL writes."""
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    fields = [_column([row.get(name) for _, row in rows]) for name in names]
    more: dict[str, Any] = {"layer": layer} if layer else {}
    pyogrio.raw.write(
        str(path),
        geometry=np.array([wkb(g) for g, _ in rows], dtype=object),
        field_data=fields,
        fields=names,
        geometry_type=geometry_type,
        crs=crs,
        driver=driver,
        encoding=encoding,
        append=append,
        **more,
    )
    return path


def _column(values: list[Any]) -> Any:
    if all(isinstance(v, (int, float)) for v in values):
        return np.array(values, dtype=float)
    return np.array([None if v is None else str(v) for v in values], dtype=object)


def gpkg(path: Path, rows: Sequence[Row], **options: Any) -> Path:
    """A GeoPackage."""
    return gdal(path, rows, driver="GPKG", **options)


def shapefile(
    folder: Path,
    rows: Sequence[Row],
    *,
    encoding: str = "UTF-8",
    cpg: bool = True,
    prj: bool = True,
    geometry_type: str = "Polygon",
    crs: str | None = "EPSG:4326",
    name: str = "图层",
) -> Path:
    """A zipped Shapefile; `cpg` and `prj` say whether those are in it."""
    folder.mkdir(exist_ok=True)
    bare = gdal(
        folder / f"{name}.shp",
        rows,
        driver="ESRI Shapefile",
        encoding=encoding,
        geometry_type=geometry_type,
        crs=crs,
    )
    archive = folder / "made.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for suffix in (".shp", ".shx", ".dbf", *([".prj"] * prj), *([".cpg"] * cpg)):
            part = bare.with_suffix(suffix)
            if part.exists():
                zipped.write(part, part.name)
    return archive


def table(
    path: Path,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> Path:
    """A CSV."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def houses(n: int) -> list[Any]:
    """So many houses side by side, each with a number, a height and a name."""
    return [
        (polygon(at=i), {"id": f"b{i}", "height": 10.0 + i, "名称": f"楼{i}"}) for i in range(n)
    ]
