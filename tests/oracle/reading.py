"""Reads a sample city's files with nothing but the standard library and shapely.

Deliberately not the way the service reads them: GeoPackage through sqlite3, Shapefile not at all
(no rule looks at warden grids), and lon/lat to EPSG:4547 by Krüger's series written out here.
"""

import csv
import json
import math
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

CENTRAL_MERIDIAN = math.radians(114.0)
EAST_0 = 500_000.0
A = 6_378_137.0
F = 1 / 298.257222101
N = F / (2 - F)
RADIUS = A / (1 + N) * (1 + N**2 / 4 + N**4 / 64)
ALPHA = (
    N / 2 - 2 * N**2 / 3 + 5 * N**3 / 16 + 41 * N**4 / 180,
    13 * N**2 / 48 - 3 * N**3 / 5 + 557 * N**4 / 1440,
    61 * N**3 / 240 - 103 * N**4 / 140,
    49561 * N**4 / 161280,
)


def gauss_kruger(lon: float, lat: float) -> tuple[float, float]:
    """Degrees on CGCS2000 to easting and northing of EPSG:4547, metres."""
    phi, away = math.radians(lat), math.radians(lon) - CENTRAL_MERIDIAN
    e = 2 * math.sqrt(N) / (1 + N)
    t = math.sinh(math.atanh(math.sin(phi)) - e * math.atanh(e * math.sin(phi)))
    xi = math.atan2(t, math.cos(away))
    eta = math.atanh(math.sin(away) / math.hypot(1, t))
    north, east = xi, eta
    for j, a in enumerate(ALPHA, 1):
        north += a * math.sin(2 * j * xi) * math.cosh(2 * j * eta)
        east += a * math.cos(2 * j * xi) * math.sinh(2 * j * eta)
    return EAST_0 + RADIUS * east, RADIUS * north


@dataclass(frozen=True)
class Feature:
    """One row of a file: its identity, its shape in the working CRS, its other columns."""

    source_id: str
    shape: shapely.Geometry
    columns: dict[str, Any]

    def number(self, name: str) -> float | None:
        """A number, or None where the file says nothing."""
        value = self.columns.get(name)
        return None if value is None or value == "" else float(value)

    def text(self, name: str) -> str | None:
        """A text, or None where the file says nothing."""
        value = self.columns.get(name)
        if isinstance(value, bool):
            return str(value).lower()
        return None if value is None or value == "" else str(value)


def read_layer(folder: Path, layer: str) -> list[Feature]:
    """Every row of every dataset of a layer, as `city.json` lists them."""
    listed = json.loads((folder / "city.json").read_text("utf-8"))["datasets"]
    files = [folder / one["file"] for one in listed if one["layer"] == layer]
    return [feature for file in files for feature in read_file(file)]


def read_file(path: Path) -> list[Feature]:
    """The rows of one `.gpkg`, `.geojson` or `.csv` with wgs84_lon and wgs84_lat."""
    return {".gpkg": _geopackage, ".geojson": _geojson, ".csv": _table}[path.suffix](path)


def _geopackage(path: Path) -> list[Feature]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:
        file.row_factory = sqlite3.Row
        table, column, srid = file.execute(
            "select table_name, column_name, srs_id from gpkg_geometry_columns"
        ).fetchone()
        assert srid == 4547, path
        rows = [dict(row) for row in file.execute(f'select * from "{table}"')]
        truths = [
            name
            for _, name, kind, *_ in file.execute(f'pragma table_info("{table}")')
            if kind == "BOOLEAN"
        ]
    for row in rows:  # SQLite has no truth values of its own
        row |= {name: None if row[name] is None else bool(row[name]) for name in truths}
    return [Feature(row["source_id"], _wkb(row.pop(column)), row) for row in rows]


def _wkb(blob: bytes) -> shapely.Geometry:
    envelope = (0, 32, 48, 48, 64)[blob[3] >> 1 & 7]
    return shapely.from_wkb(blob[8 + envelope :])


def _geojson(path: Path) -> list[Feature]:
    found = []
    for item in json.loads(path.read_text("utf-8"))["features"]:
        geometry = _project(shape(item["geometry"]))
        found.append(Feature(item["properties"]["source_id"], geometry, item["properties"]))
    return found


def _table(path: Path) -> list[Feature]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Feature(
            row["source_id"],
            _project(shapely.Point(float(row["wgs84_lon"]), float(row["wgs84_lat"]))),
            row,
        )
        for row in rows
    ]


def _project(geometry: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(geometry, lambda xy: [gauss_kruger(*place) for place in xy])
