"""Drawings and GIS files, byte by byte where no library would write what people send."""

import ctypes
import struct
from collections.abc import Collection, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

import pyogrio

from gridwarden.intake.formats.batch import Batch, Source
from gridwarden.intake.formats.source import open_source

LIMIT = 50 << 20
Field = tuple[bytes, bytes, int, int]
"""Name, type, width, decimals of a DBF's field."""


def opened(path: Path, **options: Any) -> Source:
    """The file as a source; what is unpacked goes beside it."""
    room = path.parent / "room"
    room.mkdir(exist_ok=True)
    return open_source(path, path.name, room, LIMIT, **options)


def whole(source: Source) -> Batch:
    """All rows of a small source as one batch."""
    batches = list(source.batches())
    assert len(batches) == 1
    return batches[0]


def dbf(
    path: Path,
    fields: Sequence[Field],
    rows: Sequence[Sequence[bytes]],
    *,
    ldid: int = 0,
    deleted: Collection[int] = (),
    said: int | None = None,
) -> Path:
    """A dBase III table; `said` is the number of records that its header claims."""
    width = 1 + sum(w for _, _, w, _ in fields)
    start = 32 + 32 * len(fields) + 1
    out = struct.pack("<BBBBIHH", 3, 126, 11, 21, len(rows) if said is None else said, start, width)
    out += bytes(17) + bytes([ldid]) + bytes(2)
    for name, kind, w, decimals in fields:
        out += name.ljust(11, b"\0")[:11] + kind + bytes(4) + bytes([w, decimals]) + bytes(14)
    parts = [out, b"\r"]
    for i, row in enumerate(rows):
        parts.append(b"*" if i in deleted else b" ")
        for value, (_, kind, w, _) in zip(row, fields, strict=True):
            parts.append(value.ljust(w)[:w] if kind == b"C" else value.rjust(w)[:w])
    path.write_bytes(b"".join([*parts, b"\x1a"]))
    return path


class Gdal:
    """GDAL's own C interface, for what pyogrio does not write: arcs, aliases, coded values."""

    def __init__(self) -> None:
        (library,) = (Path(pyogrio.__file__).parent.parent / "pyogrio.libs").glob("libgdal-*")
        self.lib = ctypes.CDLL(str(library))

    def __call__(self, name: str, *values: Any, gives: Any = ctypes.c_void_p) -> Any:
        """Call one function; texts are UTF-8, everything that is no number is a pointer."""
        function = getattr(self.lib, name)
        function.restype = gives
        spoken = [v.encode() if isinstance(v, str) else v for v in values]
        return function(*(ctypes.c_void_p(v) if isinstance(v, Pointer) else v for v in spoken))

    def pointer(self, name: str, *values: Any) -> "Pointer":
        """Call a function that gives a pointer, which must be one."""
        found = self(name, *values)
        assert found, name
        return Pointer(found)


class Pointer(int):
    """An address, so that it is not taken for a number."""


class CodedValue(ctypes.Structure):
    """A code and its words; the list of them ends with an empty one."""

    _fields_: ClassVar = [("code", ctypes.c_char_p), ("value", ctypes.c_char_p)]


def by_gdal(
    path: Path,
    driver: str,
    shapes: Sequence[str | None],
    *,
    epsg: int = 4547,
    layer: str = "layer",
    kind: int = 0,
    alias: str = "",
    coded: dict[str, str] | None = None,
    codes: Sequence[str | None] = (),
) -> Path:
    """A file of one layer with WKT of any kind and one text field `GXYL`, with its alias, its
    coded values, and a value for each row. `kind` is OGR's number of
    the layer's shapes."""
    gdal = Gdal()
    null = None
    made = gdal.pointer(
        "GDALCreate", gdal.pointer("GDALGetDriverByName", driver), str(path), 0, 0, 0, 0, null
    )
    srs = gdal.pointer("OSRNewSpatialReference", null)
    assert gdal("OSRImportFromEPSG", srs, epsg, gives=ctypes.c_int) == 0
    table = gdal.pointer("GDALDatasetCreateLayer", made, layer, srs, kind, null)
    own = gdal.pointer("OGR_Fld_Create", "GXYL", 4)
    gdal("OGR_Fld_SetAlternativeName", own, alias)
    if coded:
        pairs = [CodedValue(code.encode(), value.encode()) for code, value in coded.items()]
        listed = (CodedValue * (len(pairs) + 1))(*pairs, CodedValue(None, None))
        domain = gdal.pointer("OGR_CodedFldDomain_Create", "压力", "", 4, 0, listed)
        assert gdal("GDALDatasetAddFieldDomain", made, domain, null, gives=ctypes.c_bool)
        gdal("OGR_Fld_SetDomainName", own, "压力")
    assert gdal("OGR_L_CreateField", table, own, 1, gives=ctypes.c_int) == 0
    for wkt, code in zip_longest(shapes, codes):
        row = gdal.pointer("OGR_F_Create", gdal.pointer("OGR_L_GetLayerDefn", table))
        if code is not None:
            gdal("OGR_F_SetFieldString", row, 0, code)
        if wkt is not None:
            shape, text = ctypes.c_void_p(), ctypes.c_char_p(wkt.encode())
            told = ctypes.byref(text), null, ctypes.byref(shape)
            assert gdal("OGR_G_CreateFromWkt", *told, gives=ctypes.c_int) == 0
            gdal("OGR_F_SetGeometryDirectly", row, Pointer(shape.value or 0))
        assert gdal("OGR_L_CreateFeature", table, row, gives=ctypes.c_int) == 0
        gdal("OGR_F_Destroy", row)
    gdal("GDALClose", made)
    return path
