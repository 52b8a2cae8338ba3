"""GeoPackage, GeoJSON and Shapefile by GDAL, streamed as Arrow batches."""

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Shapes, Trouble, bounded, shown
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.format import Format, Part
from gridwarden.words.problems import Problem

DRIVERS: Final = {"gpkg": "GPKG", "geojson": "GeoJSON", "shapefile": "ESRI Shapefile"}
GDAL_ERRORS: Final = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FieldError,
    pa.ArrowException,
    OSError,
    RuntimeError,
    UnicodeError,
)
OPTIONS: Final = {
    "SHAPE_RESTORE_SHX": True,
    # A GeoJSON may name its CRS by a link, which GDAL would fetch: files reach no other host.
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
}
SAMPLE_ROWS: Final = 5_000
CRS_MEMBER: Final = re.compile(rb'"crs"\s*:\s*\{[^{}]*\{[^{}]*\}[^{}]*\}')
LOOKED_THROUGH: Final = 1 << 16
"""Bytes at either end of a GeoJSON in which its old `crs` member is looked for."""
_LATIN: Final = "ISO-8859-1"
"""Shapefiles are read as Latin-1, which keeps every byte, and decoded here: GDAL would drop or
garble what it cannot decode, and nobody would know which rows those were."""


def layers_of(part: Part) -> list[str]:
    """The layers in a part. Raises Problem `unreadable_file`."""
    try:
        return [str(name) for name, _ in pyogrio.list_layers(part.path)]
    except GDAL_ERRORS as error:
        raise _unreadable(error) from error


class Vector:
    """One layer of a GDAL file."""

    def __init__(self, part: Part, layer: str, encoding: str | None) -> None:
        self.kind: str = part.kind
        self.layer = layer
        self.notes: list[str] = []
        self.path = part.path
        if part.kind == "geojson":
            self.path = _as_utf8(part.path, encoding)
        self._gdal_layer = layer if part.kind == "gpkg" else None
        self._raw = part.kind == "shapefile"
        self.encoding = "utf-8"
        try:
            pyogrio.set_gdal_config_options(OPTIONS)
            info = pyogrio.read_info(self.path, layer=self._gdal_layer, encoding=self._encoding)
        except GDAL_ERRORS as error:
            raise _unreadable(error) from error
        if info["driver"] != DRIVERS[part.kind]:
            raise Problem("refused", "intake.not_read", field="file", name=part.name)
        system: str | None = info["crs"]
        if part.kind == "geojson" and not _crs_is_known(self.path):
            system = None
        self.claim = Claim(system, "file" if system else "nothing")
        self.rows: int | None = max(int(info["features"]), 0)
        bounded(len(info["fields"]))
        self._gdal_fields = [str(name) for name in info["fields"]]
        if self._raw:
            self.encoding = encoding or self._dbf_encoding()
        self.fields = tuple(self._name(name) for name in self._gdal_fields)

    @property
    def places(self) -> set[str]:
        """None: shapes are not fields here."""
        return set()

    @property
    def _encoding(self) -> str | None:
        return _LATIN if self._raw else None

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order. Raises Problem `unreadable_file` when the file breaks off."""
        number = 1
        try:
            for record in self._records(size):
                yield self._batch(record, number)
                number += record.num_rows
        except GDAL_ERRORS as error:
            raise Problem(
                "unreadable_file", "intake.broken_off", field="file", row=number
            ) from error

    def _records(self, size: int, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        with pyogrio.open_arrow(
            self.path,
            layer=self._gdal_layer,
            encoding=self._encoding,
            columns=columns,
            batch_size=size,
            use_pyarrow=True,
        ) as (meta, reader):
            self._geometry_name = meta["geometry_name"] or "wkb_geometry"
            yield from reader

    def _batch(self, record: pa.RecordBatch, first_row: int) -> Batch:
        troubles: dict[int, Trouble] = {}
        marks: dict[int, str] = {}
        columns: dict[str, list[Any]] = {}
        names = record.schema.names
        for gdal_name, name in zip(self._gdal_fields, self.fields, strict=True):
            if gdal_name in names:
                columns[name] = self._values(record.column(gdal_name), name, troubles, marks)
        shapes: Shapes = np.full(record.num_rows, None, dtype=object)
        if self._geometry_name in names:
            wkb = np.array(record.column(self._geometry_name).to_pylist(), dtype=object)
            shapes = self._shapes(wkb, troubles)
        return Batch(first_row, record.num_rows, columns, shapes, troubles, marks)

    def _values(
        self, column: Any, name: str, troubles: dict[int, Trouble], marks: dict[int, str]
    ) -> list[Any]:
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            return column.to_pylist()  # type: ignore[no-any-return]
        if not self._raw:
            try:
                return column.to_pylist()  # type: ignore[no-any-return]
            except UnicodeDecodeError:
                pass
        values: list[Any] = []
        for i, raw in enumerate(column.cast(pa.large_binary()).to_pylist()):
            values.append(self._text(raw, i, name, troubles, marks))
        return values

    def _text(
        self,
        raw: bytes | None,
        i: int,
        name: str,
        troubles: dict[int, Trouble],
        marks: dict[int, str],
    ) -> str | None:
        if raw is None:
            return None
        if self._raw and not raw.isascii():
            raw = raw.decode("utf-8").encode("latin-1", "replace")
        try:
            text, cut = letters.text_of(raw, self.encoding)
        except UnicodeDecodeError:
            troubles.setdefault(i, Trouble("undecodable_text", name, shown(raw)))
            return None
        if cut:
            marks[i] = "text_cut"
        return text

    def _shapes(self, wkb: NDArray[np.object_], troubles: dict[int, Trouble]) -> Shapes:
        with np.errstate(invalid="ignore"):  # NaN is looked for later, row by row
            shapes: Shapes = shapely.from_wkb(wkb, on_invalid="ignore")
        missing = np.flatnonzero(shapely.is_missing(shapes))
        for i in missing:
            if wkb[i] is None:
                continue
            mended = shapely.from_wkb(wkb[i], on_invalid="fix")
            closed = mended is not None and mended.geom_type in ("Polygon", "MultiPolygon")
            reason = "ring_not_closed" if closed else "unreadable_geometry"
            troubles.setdefault(int(i), Trouble(reason))
        if self.kind == "geojson":
            # An empty point has no WKB here, so a point of NaN is what the file really said.
            for i in np.flatnonzero(shapely.is_empty(shapes)):
                if wkb[i] is not None and wkb[i][1:5] == struct.pack("<I", 1):
                    troubles.setdefault(int(i), Trouble("not_finite"))
        return shapes

    def _name(self, gdal_name: str) -> str:
        if not self._raw or gdal_name.isascii():
            return gdal_name
        raw = gdal_name.encode("latin-1", "replace")
        try:
            return letters.text_of(raw, self.encoding)[0]
        except UnicodeDecodeError:
            return raw.decode(self.encoding, "replace")

    def _dbf_encoding(self) -> str:
        dbf, cpg = self.path.with_suffix(".dbf"), self.path.with_suffix(".cpg")
        if not dbf.exists():
            return "utf-8"
        with dbf.open("rb") as file:
            head = file.read(32)
        samples = [name.encode("latin-1", "replace") for name in self._gdal_fields]
        for record in self._records(SAMPLE_ROWS):
            for column in record.columns:
                if pa.types.is_string(column.type):
                    samples += [t.encode("latin-1", "replace") for t in column.to_pylist() if t]
            break
        return letters.of_dbf(
            samples,
            head[29] if len(head) == 32 else 0,
            cpg.read_text("ascii", "replace") if cpg.exists() else None,
        )


def _as_utf8(path: Path, encoding: str | None) -> Path:
    """A GeoJSON in UTF-8: the file itself, or a copy beside it when it is written otherwise."""
    found = encoding or letters.of_text(letters.chunks_of(path))
    if found == "utf-8":
        return path
    copy = path.with_name("as-utf-8.geojson")
    try:
        with (
            path.open(encoding=found, newline="") as source,
            copy.open("w", encoding="utf-8") as target,
        ):
            while text := source.read(1 << 20):
                target.write(text)
    except UnicodeDecodeError as error:
        raise Problem("unreadable_file", "intake.wrong_encoding", field="encoding") from error
    return copy


def _crs_is_known(path: Path) -> bool:
    """Whether what a GeoJSON says of its CRS can be understood, or it says nothing.

    GDAL reads degrees of WGS 84 into one that it does not know, without a word.
    """
    with path.open("rb") as file:
        ends = file.read(LOOKED_THROUGH)
        file.seek(max(0, path.stat().st_size - LOOKED_THROUGH))
        ends += b"\n" + file.read()
    found = CRS_MEMBER.search(ends)
    if found is None:
        return True
    try:
        said = json.loads(b"{" + found[0] + b"}")["crs"]
        CRS.from_user_input(str(said["properties"]["name"]))
    except (ValueError, KeyError, TypeError, CRSError):
        return False
    return True


def _unreadable(error: BaseException) -> Problem:
    return Problem("unreadable_file", "intake.unreadable", field="file")


def _opened(part: Part, layer: str, encoding: str | None) -> Vector:
    return Vector(part, layer, encoding)


GEOPACKAGE = Format(
    "gpkg",
    (".gpkg",),
    lambda head, suffix: (
        head.startswith(b"SQLite format 3\0") and head[68:72] in (b"GPKG", b"GP10", b"GP11")
    ),
    _opened,
    layers_of,
)
SHAPEFILE = Format(
    "shapefile",
    (".shp",),
    lambda head, suffix: head[:4] == b"\x00\x00\x27\x0a" and suffix == ".shp",
    _opened,
    siblings=(".shp", ".shx", ".dbf", ".prj", ".cpg"),
)
GEOJSON = Format(
    "geojson",
    (".geojson", ".json"),
    lambda head, suffix: head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"),
    _opened,
)
