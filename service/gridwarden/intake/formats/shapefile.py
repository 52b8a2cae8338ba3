"""Shapefiles and bare DBF tables: their letters, their stars, their cut names.

Both are read as Latin-1, which keeps every byte, and decoded here: GDAL would drop or garble what
it cannot decode, and nobody would know which rows those were.
"""

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import Trouble
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.vector import Vector, decoded

SAMPLE_ROWS: Final = 5_000
MULTIPATCH: Final = 31


class Shapefile(Vector):
    """A Shapefile: one layer, letters as `.cpg`, the DBF itself or its texts say."""

    driver = "ESRI Shapefile"
    read_as = "ISO-8859-1"

    def _layer_name(self, _part: Part, _layer: str) -> str | None:
        return None

    def _prepare(self, encoding: str | None) -> None:
        self.encoding = encoding or self._dbf_encoding()

    def _texts(
        self, column: Any, name: str, troubles: dict[int, Trouble], marks: dict[int, str]
    ) -> list[Any]:
        raw = [_bytes_of(one) for one in column.cast(pa.large_binary()).to_pylist()]
        return decoded(raw, self.encoding, name, troubles, marks)

    def _name(self, gdal_name: str) -> str:
        if gdal_name.isascii():
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
        return letters.of_dbf(
            self._samples(),
            head[29] if len(head) == 32 else 0,
            cpg.read_text("ascii", "replace") if cpg.exists() else None,
        )

    def _samples(self) -> Iterator[bytes]:
        """Names and texts of the first rows, as the bytes that stand in the file."""
        for name in self._gdal_fields:
            yield name.encode("latin-1", "replace")
        for record in self._records(SAMPLE_ROWS):
            for column in record.columns:
                if pa.types.is_string(column.type):
                    yield from (t.encode("latin-1", "replace") for t in column.to_pylist() if t)
            break


def _bytes_of(raw: bytes | None) -> bytes | None:
    """The file's own bytes, from what GDAL made of them as Latin-1."""
    if raw is None or raw.isascii():
        return raw
    return raw.decode("utf-8").encode("latin-1", "replace")


SHAPEFILE = Format(
    "shapefile",
    (".shp",),
    lambda head, suffix: head[:4] == b"\x00\x00\x27\x0a" and suffix == ".shp",
    Shapefile,
    siblings=(".shp", ".shx", ".dbf", ".prj", ".cpg"),
)
