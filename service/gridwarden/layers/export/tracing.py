"""Whose copy a file of mains is: found by the mark in its vertices, without a word of its columns.

Vertices of the file are held against today's mains; for every copy that was handed out the sides
to which they are moved are worked out again. A wrong copy agrees in half of them.
"""

import csv
import re
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray
from openpyxl import load_workbook
from psycopg import sql
from psycopg.rows import dict_row

from gridwarden.access.audit.seeing import MAINS
from gridwarden.database import Caller, Pool, as_caller
from gridwarden.layers.catalogue import layers
from gridwarden.layers.export.content import place
from gridwarden.layers.export.copies import STEP_M, mark_key, sides
from gridwarden.layers.export.requests import Q
from gridwarden.layers.export.tables import WKT
from gridwarden.layers.export.target import Shapes, Target, target_of
from gridwarden.layers.features.items import look_first
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

NEAR_M: Final = 3 * STEP_M
LEAST_M: Final = STEP_M / 3
"""A coordinate that is moved by less tells no side."""
SURE: Final = 6.0
"""Standard deviations above chance from which on a copy is told: 1 in 10⁹."""
TIMEOUT_MS: Final = 600_000
_EPSG: Final = re.compile(r"EPSG:+(\d{4,6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Traced:
    """The copy (None: none is sure) and how many of the sides that could be read agree with it."""

    copy: dict[str, Any] | None
    agree: int
    of: int


async def trace(
    pool: Pool, caller: Caller, settings: Settings, file: Path, crs: str | None
) -> Traced:
    """Whose copy it is, as far as today's mains tell. A supervisor's look is recorded.

    Raises Problem (400) for a file without lines, or of which nobody says the system.
    """
    shapes, named = read(file)
    target = target_of(crs or named or "", "--crs", settings.crs) if crs or named else None
    if target is None or not len(shapes):
        raise Problem("unreadable_file", "copies.no_places", field="FILE")
    statement = sql.SQL("select f.id, {} from api.{} f order by f.id").format(
        place(sql.SQL("f.geom"), target, settings.crs), sql.Identifier(MAINS)
    )
    async with as_caller(pool, caller, TIMEOUT_MS) as c:
        await look_first(c, caller, layers()[MAINS], "audit trace")
        rows = await (await c.execute(statement, binary=True)).fetchall()
        cursor = c.cursor(row_factory=dict_row)
        copies = await (await cursor.execute(Q["copies"])).fetchall()
    ids = [int(row[0]) for row in rows]
    there = target.shown([row[1] for row in rows])
    return _best(_moved(shapes, ids, there, target), copies, mark_key(settings))


@dataclass(frozen=True, slots=True)
class _Moved:
    """Vertices that lie beside those of mains: whose, which one, and how far (m) each axis."""

    main: NDArray[np.int64]
    vertex: NDArray[np.int64]
    counts: dict[int, int]
    by: NDArray[np.float64]


def _moved(shapes: Shapes, ids: list[int], there: Shapes, target: Target) -> _Moved:
    places, whose = shapely.get_coordinates(there, return_index=True)
    found = shapely.get_coordinates(shapes)
    if not len(places) or not len(found):
        return _Moved(np.array([], int), np.array([], int), {}, np.empty((0, 2)))
    metre = _metres(places, target)
    origin = places[0]
    mine, theirs = (places - origin) * metre, (found - origin) * metre
    tree = shapely.STRtree(shapely.points(mine))
    asked, near = tree.query_nearest(shapely.points(theirs), max_distance=NEAR_M, all_matches=False)
    counts = np.bincount(whose, minlength=len(ids))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    numbers = np.array(ids, np.int64)
    return _Moved(
        numbers[whose[near]],
        near - starts[whose[near]],
        {int(i): int(n) for i, n in zip(ids, counts, strict=True)},
        theirs[asked] - mine[near],
    )


def _metres(places: NDArray[np.float64], target: Target) -> NDArray[np.float64]:
    """Metres for a unit of the target, east and north, about there."""
    if not target.geographic:
        factor = target.crs.axis_info[0].unit_conversion_factor
        return np.array([factor, factor])
    return np.array([111_320.0 * np.cos(np.radians(places[:, 1].mean())), 110_574.0])


def _best(moved: _Moved, copies: list[dict[str, Any]], key: bytes) -> Traced:
    told = np.abs(moved.by) > LEAST_M
    of = int(told.sum())
    best: tuple[float, int, Any] = (0.0, 0, None)
    for copy in copies if of else ():
        expected = np.empty((len(moved.main), 2))
        for main in np.unique(moved.main):
            here = moved.main == main
            signs = sides(key, copy["number"], int(main), moved.counts[int(main)])
            expected[here] = signs[moved.vertex[here]]
        agree = int((np.sign(moved.by)[told] == expected[told]).sum())
        sigma = (agree - of / 2) / np.sqrt(of / 4)
        best = max(best, (float(sigma), agree, copy), key=lambda one: one[0])
    sigma, agree, copy = best
    sure = sigma >= min(SURE, np.sqrt(of)) and agree >= 0.9 * of and of >= 20
    return Traced(copy if sure else None, agree if sure else 0, of)


def read(file: Path) -> tuple[Shapes, str | None]:
    """The shapes of a file of any kind that is exported, and the system that it names."""
    try:
        if file.suffix.lower() in (".csv", ".xlsx"):
            return _table(file)
        if file.suffix.lower() == ".parquet":
            return _parquet(file)
        if file.suffix.lower() == ".zip":
            return _zipped(file)
        meta, _, wkb, _ = pyogrio.raw.read(file, columns=[])
        named = meta["crs"] or _of_drawing(file)
        shapes: Shapes = shapely.from_wkb(wkb)
        return shapes, "gcj02" if named and "GCJ" in named else _plain(named)
    except (
        *(OSError, ValueError, KeyError, StopIteration),
        *(zipfile.BadZipFile, pyogrio.errors.DataSourceError),
    ):
        raise Problem("unreadable_file", "copies.no_places", field="FILE") from None


def _zipped(file: Path) -> tuple[Shapes, str | None]:
    """A shapefile is unpacked first: within a zip GDAL cannot write the index that it may miss."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as packed:
        packed.extractall(folder)
        return read(next(Path(folder).glob("**/*.shp")))


def _plain(named: str | None) -> str | None:
    if named and "CRS84" in named.upper():
        return "crs84"
    found = _EPSG.search(named or "")
    return f"EPSG:{found[1]}" if found else None


def _of_drawing(file: Path) -> str | None:
    """The system in a drawing's custom properties."""
    if file.suffix.lower() != ".dxf":
        return None
    with file.open("rb") as opened:
        found = _EPSG.search(opened.read(200_000).decode("utf-8", "replace"))
    return found[0] if found else None


def _parquet(file: Path) -> tuple[Shapes, str | None]:
    table = pq.read_table(file, columns=["geometry"])
    geo = (table.schema.metadata or {}).get(b"geo", b"").decode()
    shapes: Shapes = shapely.from_wkb(np.array(table["geometry"].to_pylist(), object))
    codes = re.findall(r'"authority": ?"(EPSG|OGC)", ?"code": ?"?(\w+)', geo)
    return shapes, ":".join(codes[-1]) if codes else None


def _table(file: Path) -> tuple[Shapes, str | None]:
    if file.suffix.lower() == ".csv":
        raw = file.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("gb18030")
        rows: list[Any] = list(csv.reader(text.splitlines()))
    else:
        sheet = load_workbook(file, read_only=True).worksheets[0]
        rows = list(sheet.iter_rows(values_only=True))
    header = [str(cell) for cell in rows[0]]
    at = header.index(WKT)
    axis = header[at - 1]
    shapes: Shapes = shapely.from_wkt(np.array([row[at] for row in rows[1:]], object))
    if axis.startswith("gcj"):
        return shapes, "gcj02"
    return shapes, "crs84" if axis.startswith("wgs84") else axis.partition("_")[0].replace(
        "epsg", "EPSG:"
    )
