"""Looks for the places of mains in whatever the service sends: any CRS, any order, any file."""

import io
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from gridwarden.geodesy.shifts import gcj02_to_bd09, wgs84_to_gcj02

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
NEAR_M = 1.0
PLANES = (
    *(4547, 4546, 4548, 4526, 4525, 4527),  # CGCS2000, 3° zones, without and with their number
    *(4508, 4509, 4497, 4498),  # 6° zones
    *(32649, 32650, 3857, 2382, 2362),
)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Form:
    """Mains as one system writes them; `scale` turns its two numbers into metres there."""

    name: str
    scale: tuple[float, float]
    lines: shapely.Geometry

    def hits(self, points: Floats) -> Floats:
        """Those of the points (n × 2) that lie within a metre of a main."""
        scaled = points * np.array(self.scale)
        west, south, east, north = self.lines.bounds
        inside = (
            (scaled[:, 0] > west - NEAR_M)
            & (scaled[:, 0] < east + NEAR_M)
            & (scaled[:, 1] > south - NEAR_M)
            & (scaled[:, 1] < north + NEAR_M)
        )
        if not inside.any():
            return points[:0]
        near = shapely.distance(self.lines, shapely.points(scaled[inside])) <= NEAR_M
        return points[inside][near]


class Hunter:
    """Knows where the mains are, in every system."""

    def __init__(self, mains: Sequence[shapely.LineString], working: int) -> None:
        self.forms = list(_forms(mains, working))

    def in_points(self, points: Floats) -> list[str]:
        """Which of these places (n × 2, either order) are a main's."""
        points = points[np.isfinite(points).all(axis=1)]
        found = []
        for order, them in (("", points), (" turned", points[:, ::-1])):
            for form in self.forms:
                found += [f"{form.name}{order} {tuple(p)}" for p in form.hits(them)[:3]]
        return found

    def in_text(self, text: str) -> list[str]:
        """The same of all numbers of a text that stand beside each other, or one apart; degrees,
        minutes and seconds among them."""
        numbers = np.array([float(n) for n in NUMBER.findall(text)[:2_000_000]])
        if len(numbers) < 2:
            return []
        pairs = [np.column_stack([numbers[:-1], numbers[1:]])]
        if len(numbers) > 2:
            pairs.append(np.column_stack([numbers[:-2], numbers[2:]]))
        if len(numbers) > 5:
            whole = numbers[:-2] + numbers[1:-1] / 60 + numbers[2:] / 3600
            pairs.append(np.column_stack([whole[:-3], whole[3:]]))
        return self.in_points(np.vstack(pairs))

    def in_body(self, body: bytes, media: str, name: str = "") -> list[str]:
        """The same of an answer of any kind. Raises AssertionError for one that nobody can read."""
        assert "mapbox-vector-tile" not in media, "teach the hunter to decode tiles"
        if body[:4] == b"PK\x03\x04":
            found = self._in_dataset(body, ".zip") if b".shp" in body else []
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                for one in archive.namelist():
                    if not one.endswith((".shp", ".shx")):
                        found += self.in_body(archive.read(one), "", one)
            return found
        for magic, suffix in (
            (b"SQLite format 3", ".gpkg"),
            (b"fgb", ".fgb"),
            (b"PAR1", ".parquet"),
        ):
            if body.startswith(magic):
                return self._in_dataset(body, suffix)
        if body.startswith(b"\x89PNG"):
            texts = re.findall(rb"(?:tEXt|iTXt|zTXt)(.{1,4000}?)(?=IDAT|IEND)", body, re.DOTALL)
            return [hit for text in texts for hit in self.in_text(text.decode("latin-1"))]
        return self.in_text(body.decode("utf-8", "replace"))

    def _in_dataset(self, body: bytes, suffix: str) -> list[str]:
        found: list[str] = []
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"sent{suffix}"
            file.write_bytes(body)
            if suffix == ".parquet":
                plain = b"geo" not in (pq.read_schema(file).metadata or {})
                frames = [pd.read_parquet(file) if plain else gpd.read_parquet(file)]
            else:
                frames = [gpd.read_file(file, layer=n) for n in pyogrio.list_layers(file)[:, 0]]
            for frame in frames:
                if "geometry" in frame:
                    found += self.in_points(shapely.get_coordinates(frame.geometry.values))
                found += self.in_text(frame.drop(columns="geometry", errors="ignore").to_csv())
        return found


def _forms(mains: Sequence[shapely.LineString], working: int) -> Iterator[Form]:
    dense = [shapely.segmentize(line, 20.0) for line in mains]

    def turned(line: shapely.LineString, by: Transformer) -> Floats:
        x, y = by.transform(*np.array(line.coords).T)
        return np.column_stack([x, y])

    degrees = Transformer.from_crs(working, 4326, always_xy=True)
    wgs84 = [turned(line, degrees) for line in dense]
    gcj02 = [np.column_stack(wgs84_to_gcj02(*one.T)) for one in wgs84]
    bd09 = [np.column_stack(gcj02_to_bd09(*one.T)) for one in gcj02]
    metres = (111_320 * float(np.cos(np.radians(wgs84[0][0][1]))), 111_320.0)
    for name, lines in (("WGS 84", wgs84), ("GCJ-02", gcj02), ("BD-09", bd09)):
        scaled = [shapely.LineString(one * np.array(metres)) for one in lines]
        yield Form(name, metres, shapely.MultiLineString(scaled))
    for epsg in PLANES:
        by = Transformer.from_crs(working, epsg, always_xy=True)
        them = [shapely.LineString(turned(line, by)) for line in dense]
        unit = 1 / (metres[1] / metres[0]) if epsg == 3857 else 1.0
        scale = (unit, unit)
        scaled = [shapely.LineString(np.array(line.coords) * unit) for line in them]
        yield Form(f"EPSG:{epsg}", scale, shapely.MultiLineString(scaled))
