"""GeoParquet 1.0 and 1.1, Parquet's own geometry type, and plain Parquet with places in columns.

Row groups are streamed, page by page. East stands before north in all of them, whatever order
their system states.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS
from pyproj.exceptions import CRSError

from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Shapes, Trouble, bounded
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.columns import place_of, shapes_at
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.geoarrow import NATIVE, native_shapes
from gridwarden.intake.formats.headers import header
from gridwarden.intake.formats.packed import packed
from gridwarden.intake.formats.places import Place
from gridwarden.intake.formats.vector import (
    batches_of_records,
    decoded,
    is_text,
    sagitta_of,
    shapes_of,
)
from gridwarden.words.problems import Problem

CRS84: Final = "EPSG:4326"
"""What is meant where GeoParquet says nothing: longitude and latitude of WGS 84."""
WKB_NAMES: Final = frozenset({"wkb", "geometry", "geom", "shape", "the_geom", "wkb_geometry"})
MOST_ROWS: Final = 50_000_000
BUFFER: Final = 1 << 20
SAMPLED: Final = 200
ERRORS: Final = (
    pa.ArrowException,
    OSError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What bytes or metadata that make no sense may raise."""


class Parquet:
    """One Parquet file, by the geometry column that it names first or that was asked for."""

    kind = "parquet"

    def __init__(self, part: Part, layer: str, encoding: str | None) -> None:
        self.layer = layer
        self.notes: list[str] = []
        self.encoding = encoding or "utf-8"
        self._path = part.path
        self._place: Place | None = None
        try:
            self._understand(part, layer)
        except ERRORS as error:
            raise _unreadable() from error

    def _understand(self, part: Part, layer: str) -> None:
        """All that is to be known before the first row."""
        file = self._file()
        schema, rows = file.schema_arrow, int(file.metadata.num_rows)
        self.rows: int | None = rows
        if rows > MOST_ROWS:
            raise Problem("too_large", "intake.parquet_too_long", field="file", n=MOST_ROWS)
        bounded(len(schema.names))
        if len(set(schema.names)) < len(schema.names):
            raise _unreadable()
        geo = _geo_of(schema) or _of_the_format(file)
        self._shape = _chosen(geo, layer, part.name, schema)
        self._native = str(geo.get(self._shape or "", {}).get("encoding", ""))
        hidden = self._hidden(geo)
        self._wanted = [name for name in schema.names if name not in hidden]
        self.fields = tuple(name for name in self._wanted if name != self._shape)
        self.claim = self._claimed(geo)
        self.sagitta = sagitta_of(self.claim.system)

    @property
    def places(self) -> set[str]:
        """The columns that hold the position where it is no geometry of the format's own."""
        return self._place.fields if self._place else set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order. Raises Problem `unreadable_file` when the file breaks off."""
        return batches_of_records(self._records(size), self._batch, ERRORS)

    def _records(self, size: int) -> Iterator[pa.RecordBatch]:
        yield from self._file().iter_batches(size, columns=self._wanted, use_threads=False)

    def _file(self) -> pq.ParquetFile:
        return pq.ParquetFile(
            self._path, buffer_size=BUFFER, pre_buffer=False, arrow_extensions_enabled=False
        )

    def _hidden(self, geo: Mapping[str, Any]) -> set[str]:
        """Columns that are no properties: other shapes, and boxes around each shape."""
        others = {name for name in geo if name != self._shape}
        if others:
            self.notes.append(f"parquet_other_shapes:{', '.join(sorted(others))}")
        covering = geo.get(self._shape or "", {}).get("covering")
        box = covering.get("bbox") if isinstance(covering, dict) else None
        boxes = {path[0] for path in box.values() if path} if isinstance(box, dict) else set()
        return others | boxes

    def _claimed(self, geo: Mapping[str, Any]) -> Claim:
        if self._shape is not None and self._shape in geo:
            return _claim_of(geo[self._shape])
        if self._shape is not None:
            return Claim(None, "wkt_column", None, self._shape)
        self._place = place_of(self.fields, self._sample())
        return self._place.claim

    def _sample(self) -> list[list[Any]]:
        """The first rows, to tell degrees from metres by."""
        for batch in self.batches(SAMPLED):
            columns = [batch.columns.get(name, [None] * batch.size) for name in self.fields]
            return [list(row) for row in zip(*columns, strict=True)]
        return []

    def _batch(self, record: pa.RecordBatch, first_row: int) -> Batch:
        troubles: dict[int, Trouble] = {}
        marks: dict[int, str] = {}
        columns = {
            name: self._values(record.column(name), name, troubles, marks) for name in self.fields
        }
        shapes: Shapes = np.full(record.num_rows, None, dtype=object)
        if self._shape is not None:
            shapes = self._shapes(record.column(self._shape), troubles)
        elif self._place is not None and self._place.fields:
            shapes = shapes_at(self._place, columns, record.num_rows, troubles)
            columns = {n: v for n, v in columns.items() if n not in self._place.fields}
        return Batch(first_row, record.num_rows, columns, shapes, troubles, marks)

    def _shapes(self, column: pa.Array, troubles: dict[int, Trouble]) -> Shapes:
        kind = column.type
        if pa.types.is_struct(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
            return native_shapes(column, self._native)
        if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            column = column.cast(pa.large_binary())
        return shapes_of(column.to_pylist(), self.sagitta, troubles)

    def _values(
        self, column: pa.Array, name: str, troubles: dict[int, Trouble], marks: dict[int, str]
    ) -> Sequence[Any]:
        kind = column.type
        if pa.types.is_dictionary(kind):
            column = column.dictionary_decode()
            kind = column.type
        found = packed(column)
        if found is not None:
            return found
        if is_text(kind):
            raw = column.cast(pa.large_binary()).to_pylist()
            return decoded(raw, self.encoding, name, troubles, marks)
        if pa.types.is_timestamp(kind) and kind.unit == "ns":
            column = column.cast(pa.timestamp("us", kind.tz), safe=False)
        elif pa.types.is_duration(kind) or pa.types.is_interval(kind):
            column = column.cast(pa.string())
        values: list[Any] = column.to_pylist()
        if pa.types.is_decimal(kind):
            return [_number(v) for v in values]
        if pa.types.is_nested(kind):
            return [None if v is None else _as_json(v) for v in values]
        return values


def _geo_of(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """The geometry columns that a file names, the first one first: by GeoParquet's metadata, or by
    the type that Parquet itself has for them."""
    raw = (schema.metadata or {}).get(b"geo")
    if raw is not None:
        document = json.loads(raw)
        columns = document["columns"]
        first = document["primary_column"]
        names = [first, *(name for name in columns if name != first)]
        return {name: dict(columns[name]) for name in names if name in schema.names}
    found: dict[str, dict[str, Any]] = {}
    for field in schema:
        said = field.metadata or {}
        if said.get(b"ARROW:extension:name") == b"geoarrow.wkb":
            more = json.loads(said.get(b"ARROW:extension:metadata") or b"{}")
            found[field.name] = {
                "encoding": "WKB",
                **({"crs": more["crs"]} if "crs" in more else {}),
            }
    return found


def _of_the_format(file: pq.ParquetFile) -> dict[str, dict[str, Any]]:
    """Columns of Parquet's own type for geometry, which is WGS 84 where it names no system."""
    found: dict[str, dict[str, Any]] = {}
    metadata = file.schema_arrow.metadata or {}
    for i in range(len(file.schema)):
        column = file.schema.column(i)
        said = json.loads(column.logical_type.to_json())
        if said.get("Type") not in ("Geometry", "Geography") or column.path != column.name:
            continue
        crs = said.get("crs")
        if crs and crs.startswith("srid:"):
            crs = None if crs == "srid:0" else f"EPSG:{crs[5:]}"
        elif crs and crs.startswith("projjson:"):
            crs = json.loads(metadata.get(crs[9:].encode(), b"null"))
        found[column.name] = {} if "crs" not in said else {"crs": crs}
    return found


def _chosen(geo: Mapping[str, Any], layer: str, own: str, schema: pa.Schema) -> str | None:
    """The geometry column to read. Raises Problem `not_found` for one that is not there."""
    if layer in geo:
        shape: str | None = layer
    elif layer != own:
        raise Problem(
            "not_found",
            "intake.no_such_layer",
            field="from_layer",
            layer=layer[:80],
            layers=", ".join([own, *geo][:30]),
        )
    else:
        shape = next(iter(geo), None)
    if shape is None:
        return next((f.name for f in schema if _is_wkb(f)), None)
    said = str(geo[shape].get("encoding", "WKB"))
    if said.upper() != "WKB" and said not in NATIVE:
        raise Problem("refused", "intake.parquet_encoding", field="file", value=said[:40])
    return shape


def _is_wkb(field: pa.Field) -> bool:
    binary = pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)
    return binary and header(field.name) in WKB_NAMES


def _claim_of(column: Mapping[str, Any]) -> Claim:
    """Whose coordinates a geometry column holds. A `crs` of null is unknown; none at all is
    longitude and latitude of WGS 84."""
    if "crs" not in column:
        return Claim(CRS84, "geoparquet_default")
    if column["crs"] is None:
        return Claim(None, "nothing")
    try:
        crs = CRS.from_user_input(column["crs"])
    except (CRSError, TypeError, ValueError):
        return Claim(None, "nothing")
    authority = crs.to_authority(min_confidence=100)
    if authority and authority[0] == "OGC":
        return Claim(CRS84, "file")
    if authority and authority[0] == "EPSG":
        return Claim(f"EPSG:{authority[1]}", "file")
    return Claim(crs.to_wkt(), "file")


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _unreadable() -> Problem:
    return Problem("unreadable_file", "intake.unreadable", field="file")


PARQUET = Format(
    "parquet",
    (".parquet", ".geoparquet"),
    lambda head, suffix: head[:4] in (b"PAR1", b"PARE"),
    Parquet,
    layers_within=True,
)
