"""GeoPackage and FlatGeobuf by GDAL, streamed as Arrow batches, and what the other readers that
stand on GDAL share with them.

pyogrio loads pandas and half a second of other things, so what needs it imports it: most commands
read no file, and the process that reads one has loaded it before it is shut in.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gridwarden.intake.formats import curves
from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Shapes, Trouble, bounded, shown
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.columns import place_of, shapes_at
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.packed import packed
from gridwarden.intake.formats.places import Place
from gridwarden.words.problems import Problem

SAMPLED: Final = 200
OPTIONS: Final = {
    "SHAPE_RESTORE_SHX": True,
    # A GeoJSON may name its CRS by a link, which GDAL would fetch: files reach no other host.
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    # Nor does a GML: neither its schema nor what its xlinks point at is looked for.
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
}
"""GDAL's settings for the whole process: the one place where they are set."""


def gdal_errors() -> tuple[type[Exception], ...]:
    """What GDAL, and what hands on its rows, raises for a file."""
    from pyogrio import errors

    return (
        errors.DataSourceError,
        errors.DataLayerError,
        errors.FieldError,
        pa.ArrowException,
        OSError,
        RuntimeError,
        UnicodeError,
    )


@contextmanager
def gdal() -> Iterator[None]:
    """Set `OPTIONS`, and turn what GDAL says of a file into Problem `unreadable_file`."""
    import pyogrio

    try:
        pyogrio.set_gdal_config_options(OPTIONS)
        with warnings.catch_warnings():
            # pyogrio warns of measured shapes and of types that it passes on as text.
            warnings.simplefilter("ignore")
            yield
    except gdal_errors() as error:
        raise Problem("unreadable_file", "intake.unreadable", field="file") from error


def layers_of(part: Part) -> list[str]:
    """The layers in a part. Raises Problem `unreadable_file`."""
    import pyogrio

    with gdal():
        return [str(name) for name, _ in pyogrio.list_layers(part.path)]


class Vector:
    """One layer of a GDAL file. Shapes come flat where they were curved, see `curves`."""

    driver: ClassVar[str]
    read_as: ClassVar[str | None] = None
    """The encoding that GDAL is told, None for what the format itself lays down."""
    open_options: ClassVar[Mapping[str, str]] = {}
    moments_as_text: ClassVar[bool] = False
    """Whether moments are handed on as texts: a format whose fields do not say which offset their
    moments have would else lose it, and be read in the office's time."""
    only_shapes: ClassVar[bool] = False
    """Whether GDAL is asked for shapes and record numbers alone."""

    def __init__(self, part: Part, layer: str, encoding: str | None) -> None:
        self.kind: str = part.kind
        self.layer = layer
        self.notes: list[str] = []
        self.encoding = "utf-8"
        self._own: TemporaryDirectory[str] | None = None
        self.path = self._file(part, encoding)
        self._gdal_layer = self._layer_name(part, layer)
        import pyogrio

        with gdal():
            self._info = pyogrio.read_info(
                self.path, layer=self._gdal_layer, encoding=self.read_as, **self.open_options
            )
        if self._info["driver"] != self.driver:
            raise Problem("refused", "intake.not_read", field="file", name=part.name)
        self.claim = self._claimed(self._info["crs"])
        self.sagitta = sagitta_of(self.claim.system)
        self.rows: int | None = max(int(self._info["features"]), 0)
        bounded(len(self._info["fields"]))
        self._gdal_fields = [str(name) for name in self._info["fields"]]
        self._prepare(encoding)
        self.fields = tuple(self._name(name) for name in self._gdal_fields)
        self._place = self._place_in_columns()

    @property
    def places(self) -> set[str]:
        """None, but in a table that has no shapes of its own."""
        return self._place.fields if self._place else set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order. Raises Problem `unreadable_file` when the file breaks off."""
        return batches_of_records(self._records(size), self._batch, gdal_errors())

    def _file(self, part: Part, _encoding: str | None) -> Path:
        """The file that GDAL opens."""
        return part.path

    def _folder(self) -> Path:
        """A folder of this source's own, for what is made of its file; it goes with the source."""
        if self._own is None:
            self._own = TemporaryDirectory(prefix="gridwarden-", ignore_cleanup_errors=True)
        return Path(self._own.name)

    def _layer_name(self, _part: Part, layer: str) -> str | None:
        """What GDAL calls the layer; None for its first."""
        return layer

    def _claimed(self, system: str | None) -> Claim:
        """Whose coordinates these are, from the system that GDAL found; it puts east first."""
        if system is not None and "CRS84" in system:
            system = "EPSG:4326"
        return Claim(system, "file" if system else "nothing")

    def _place_in_columns(self) -> Place | None:
        """Where a table without shapes has its places; None for a layer of shapes."""
        if self._info["geometry_type"] is not None:
            return None
        self._place = None
        sample: list[list[Any]] = []
        for batch in self.batches(SAMPLED):
            sample = [list(row) for row in zip(*batch.columns.values(), strict=True)]
            break
        place = place_of(self.fields, sample)
        self.claim = place.claim
        return place

    def _prepare(self, encoding: str | None) -> None:
        """Whatever is to be known before the first row."""

    def _records(self, size: int) -> Iterator[pa.RecordBatch]:
        import pyogrio

        pyogrio.set_gdal_config_options(OPTIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = pyogrio.open_arrow(
                self.path,
                layer=self._gdal_layer,
                encoding=self.read_as,
                columns=[] if self.only_shapes else None,
                return_fids=self.only_shapes,
                batch_size=size,
                use_pyarrow=True,
                datetime_as_string=self.moments_as_text,
                **self.open_options,
            )
            meta, reader = opened.__enter__()
        try:
            self._geometry_name = meta["geometry_name"] or "wkb_geometry"
            self._fid_name = meta["fid_column"] or "OGC_FID"
            yield from reader
        finally:
            opened.__exit__(None, None, None)

    def _batch(self, record: pa.RecordBatch, first_row: int) -> Batch:
        troubles: dict[int, Trouble] = {}
        marks: dict[int, str] = {}
        columns: dict[str, Sequence[Any]] = {}
        names = record.schema.names
        for gdal_name, name in zip(self._gdal_fields, self.fields, strict=True):
            if gdal_name in names:
                columns[name] = self._values(record.column(gdal_name), name, troubles, marks)
        if self._place:
            shapes = shapes_at(self._place, columns, record.num_rows, troubles)
            columns = {n: v for n, v in columns.items() if n not in self._place.fields}
        else:
            shapes = self._shapes_of(record, troubles)
        return Batch(first_row, record.num_rows, columns, shapes, troubles, marks)

    def _shapes_of(self, record: pa.RecordBatch, troubles: dict[int, Trouble]) -> Shapes:
        if self._geometry_name not in record.schema.names:
            return np.full(record.num_rows, None, dtype=object)
        return self._shapes(record.column(self._geometry_name).to_pylist(), troubles)

    def _values(
        self, column: Any, name: str, troubles: dict[int, Trouble], marks: dict[int, str]
    ) -> Sequence[Any]:
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        found = packed(column)
        if found is None and is_text(column.type):
            raw = column.cast(pa.large_binary()).to_pylist()
            return decoded(raw, self.encoding, name, troubles, marks)
        return column.to_pylist() if found is None else found

    def _shapes(self, wkb: list[bytes | None], troubles: dict[int, Trouble]) -> Shapes:
        return shapes_of(wkb, self.sagitta, troubles)

    def _name(self, gdal_name: str) -> str:
        return gdal_name


def batches_of_records(
    records: Iterator[pa.RecordBatch],
    batch: Callable[[pa.RecordBatch, int], Batch],
    errors: tuple[type[Exception], ...],
) -> Iterator[Batch]:
    """A batch a record; `batch` gets the number of its first row. Raises Problem `unreadable_file`
    for one of `errors`: the file breaks off there."""
    number = 1
    try:
        for record in records:
            yield batch(record, number)
            number += record.num_rows
    except errors as error:
        raise Problem("unreadable_file", "intake.broken_off", field="file", row=number) from error


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of Arrow holds letters."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def decoded(
    values: list[bytes | None],
    encoding: str,
    name: str,
    troubles: dict[int, Trouble],
    marks: dict[int, str],
) -> list[str | None]:
    """Texts from bytes; a character cut in half is marked, what is no text is a trouble."""
    out: list[str | None] = []
    for i, raw in enumerate(values):
        text = None
        if raw is not None:
            try:
                text, cut = letters.text_of(raw, encoding)
                if cut:
                    marks[i] = "text_cut"
            except UnicodeDecodeError:
                troubles.setdefault(i, Trouble("undecodable_text", name, shown(raw)))
        out.append(text)
    return out


def shapes_of(wkb: list[bytes | None], sagitta: float, troubles: dict[int, Trouble]) -> Shapes:
    """Shapes from WKB, curves flattened; a trouble for what is none."""
    for i in curves.straight(wkb, sagitta):
        troubles.setdefault(i, Trouble("unreadable_geometry"))
    column: NDArray[np.object_] = np.array(wkb, dtype=object)
    with np.errstate(invalid="ignore"):  # NaN is looked for later, row by row
        shapes: Shapes = shapely.from_wkb(column, on_invalid="ignore")
    for i in map(int, np.flatnonzero(shapely.is_missing(shapes))):
        if wkb[i] is None:
            continue
        mended = shapely.from_wkb(wkb[i], on_invalid="fix")
        closed = mended is not None and mended.geom_type in ("Polygon", "MultiPolygon")
        reason = "ring_not_closed" if closed else "unreadable_geometry"
        troubles.setdefault(i, Trouble(reason))
    return shapes


def sagitta_of(system: str | None) -> float:
    """How far a chord may leave its arc, in the units of a system."""
    try:
        degrees = system is not None and CRS.from_user_input(system).is_geographic
    except CRSError:
        degrees = False
    return curves.SAGITTA_DEG if degrees else curves.SAGITTA_M


class GeoPackage(Vector):
    """One layer of a GeoPackage."""

    driver = "GPKG"


class FlatGeobuf(Vector):
    """A FlatGeobuf; it holds one layer."""

    driver = "FlatGeobuf"
    moments_as_text = True

    def _layer_name(self, _part: Part, _layer: str) -> str | None:
        return None


GEOPACKAGE = Format(
    "gpkg",
    (".gpkg",),
    lambda head, suffix: (
        head.startswith(b"SQLite format 3\0") and head[68:72] in (b"GPKG", b"GP10", b"GP11")
    ),
    GeoPackage,
    layers_of,
)
FLATGEOBUF = Format(
    "flatgeobuf",
    (".fgb",),
    lambda head, suffix: head.startswith(b"fgb\x03fgb"),
    FlatGeobuf,
)
