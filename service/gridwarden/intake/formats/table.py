"""CSV with coordinates in columns: several spellings, encodings and delimiters."""

import csv
import math
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Shapes, Trouble, bounded, shown
from gridwarden.intake.formats.claim import DEGREES, PLANE, Claim
from gridwarden.intake.formats.format import Format
from gridwarden.words.problems import Problem
from gridwarden.words.sheets import unguarded

LON = ("lon", "lng", "long", "longitude", "经度", "东经", "wgs84_lon", "gcj_lon", "bd_lon")
LAT = ("lat", "latitude", "纬度", "北纬", "wgs84_lat", "gcj_lat", "bd_lat")
X = ("x", "x_m", "easting", "east", "x坐标", "横坐标", "东坐标", "point_x")
Y = ("y", "y_m", "northing", "north", "y坐标", "纵坐标", "北坐标", "point_y")
WKT = ("wkt", "geom", "geometry", "the_geom", "wkt_geom", "geom_wkt")
WHOLE = "wkt"
"""A column of this name has the whole shape, where lon and lat beside it have one point of it."""
FIELD_LIMIT = 16 << 20
TEXT_A_BATCH = 32 << 20
"""Characters after which a batch is full, however few its rows: it is held in memory."""


def header(text: object) -> str:
    """A header as it is compared: one width, lower case, no spaces around it."""
    return unicodedata.normalize("NFKC", str(text)).strip().casefold()


class Table:
    """A CSV file. Whose longitudes and latitudes, or which plane's X and Y, it seldom says."""

    kind = "csv"

    def __init__(self, path: Path, name: str, encoding: str | None) -> None:
        self.path = path
        self.layer = name
        self.encoding = encoding or letters.of_text(letters.chunks_of(path))
        self.rows: int | None = None
        self.notes: list[str] = []
        csv.field_size_limit(FIELD_LIMIT)
        first = self._first_line()
        self.delimiter = max(",;\t|", key=first.count)
        names = next(csv.reader([first], delimiter=self.delimiter), [])
        bounded(len(names))
        self.fields = tuple(_unique(names))
        found = {header(name): name for name in reversed(self.fields)}
        self.x = next((found[h] for h in LON if h in found), None)
        self.y = next((found[h] for h in LAT if h in found), None)
        self.claim = _lonlat_of(self.x) if self.x and self.y else Claim(None, "no_place")
        if not (self.x and self.y):
            self.x = next((found[h] for h in X if h in found), None)
            self.y = next((found[h] for h in Y if h in found), None)
            if self.x and self.y:
                # Survey sheets call the northing X: which is which, the numbers have to say.
                self.claim = Claim(PLANE, "xy_columns", None, f"{self.x}, {self.y}")
        self.wkt = next((found[h] for h in WKT if h in found), None)
        if self.x and self.y and self.wkt and header(self.wkt) != WHOLE:
            self.wkt = None
        if self.wkt:
            self.claim = Claim(None, "wkt_column", None, self.wkt)

    @property
    def places(self) -> set[str]:
        """The fields that hold the position, not properties."""
        point = {self.x, self.y} if self.x and self.y else set()
        return {name for name in (self.wkt, *point) if name}

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order."""
        with self.path.open(encoding=self.encoding, errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            number = 1
            try:
                next(reader, None)
                written = (row for row in reader if row)
                for rows in _portions(written, size):
                    yield self._batch(number, rows)
                    number += len(rows)
            except csv.Error as error:
                raise Problem(
                    "unreadable_file", "intake.broken_off", field="file", row=number
                ) from error

    def _first_line(self) -> str:
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            line = file.readline(1 << 20).removeprefix("\ufeff").rstrip("\r\n")
        if not line.strip():
            raise Problem("unreadable_file", "intake.no_header", field="file")
        return line

    def _batch(self, first_row: int, rows: list[list[str]]) -> Batch:
        width = len(self.fields)
        troubles: dict[int, Trouble] = {}
        for i, row in enumerate(rows):
            if len(row) > width and any(cell.strip() for cell in row[width:]):
                troubles[i] = Trouble("wrong_width", None, shown(self.delimiter.join(row)))
            row[width:] = []
            row.extend([""] * (width - len(row)))
            for cell, name in zip(row, self.fields, strict=True):
                if not cell.isascii() and _undecoded(cell):
                    raw = cell.encode(self.encoding, "surrogateescape")
                    troubles.setdefault(i, Trouble("undecodable_text", name, shown(raw)))
        columns: dict[str, list[Any]] = {
            name: [(unguarded(v) if v[:1] == "'" else v) or None for v in values]
            for name, values in zip(self.fields, zip(*rows, strict=True), strict=True)
        }
        shapes = self._shapes(columns, len(rows), troubles)
        kept = {n: v for n, v in columns.items() if n not in self.places}
        return Batch(first_row, len(rows), kept, shapes, troubles)

    def _shapes(
        self, columns: dict[str, list[Any]], n: int, troubles: dict[int, Trouble]
    ) -> Shapes:
        shapes: Shapes = np.full(n, None, dtype=object)
        if self.wkt:
            texts = columns[self.wkt]
            shapes = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
            for i, text in enumerate(texts):
                if text and shapes[i] is None:
                    troubles.setdefault(i, Trouble("unreadable_geometry", self.wkt, shown(text)))
        if self.x and self.y:
            x = _numbers(columns[self.x], self.x, troubles)
            y = _numbers(columns[self.y], self.y, troubles)
            told = [bool(self.wkt and text) for text in columns.get(self.wkt or "", [None] * n)]
            there = ~(np.isnan(x) | np.isnan(y) | np.array(told, dtype=bool))
            shapes[there] = shapely.points(x[there], y[there])
        return shapes


def _numbers(texts: list[Any], name: str, troubles: dict[int, Trouble]) -> np.ndarray[Any, Any]:
    """Coordinates; NaN where there is none, with a trouble where there is a wrong one."""
    out = np.full(len(texts), np.nan)
    for i, text in enumerate(texts):
        if text is None or not text.strip():
            continue
        try:
            value = float(text)
        except ValueError:
            troubles.setdefault(i, Trouble("bad_number", name, shown(text)))
            continue
        if math.isfinite(value):
            out[i] = value
        else:
            troubles.setdefault(i, Trouble("not_finite", name, shown(text)))
    return out


def _undecoded(text: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in text)


def _unique(names: list[str]) -> list[str]:
    """Field names, none twice and none empty, so that no column is lost."""
    out: dict[str, None] = {}
    for i, raw in enumerate(names):
        name = raw.strip() or f"column{i + 1}"
        while name in out:
            name = f"{name}_{i + 1}"
        out[name] = None
    return list(out)


def _portions(rows: Iterator[list[str]], size: int) -> Iterator[list[list[str]]]:
    """The rows in portions of at most `size`, and of little more than `TEXT_A_BATCH`."""
    portion: list[list[str]] = []
    held = 0
    for row in rows:
        portion.append(row)
        held += sum(map(len, row))
        if len(portion) == size or held >= TEXT_A_BATCH:
            yield portion
            portion, held = [], 0
    if portion:
        yield portion


def _lonlat_of(header_of_lon: str) -> Claim:
    """Whose degrees a column of longitudes holds, as its header says."""
    said = header(header_of_lon).partition("_")[0]
    systems = {"wgs84": "EPSG:4326", "gcj": "gcj02", "bd": "bd09"}
    if said in systems:
        return Claim(systems[said], "header", detail=header_of_lon)
    return Claim(DEGREES, "lonlat_columns", detail=header_of_lon)


CSV = Format(
    "csv",
    (".csv",),
    lambda head, suffix: suffix in (".csv", ".txt", ".tsv"),
    lambda part, layer, encoding: Table(part.path, layer, encoding),
)
