"""Shapefiles: shapes by GDAL, attributes from the DBF's own bytes.

GDAL would drop or garble letters that it cannot decode, and read stars as nothing; nobody would
know which rows those were.
"""

import struct
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Trouble
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.dbf import Dbf, notes_of
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.systems import stated
from gridwarden.intake.formats.vector import Vector
from gridwarden.words.problems import Problem

MULTIPATCH: Final = 31
PRJ_AT_MOST: Final = 16 << 10
"""Bytes of a `.prj` that GDAL could not read."""


class Shapefile(Vector):
    """A Shapefile: one layer, letters as `.cpg`, the DBF itself or its texts say."""

    driver = "ESRI Shapefile"
    read_as = "ISO-8859-1"
    only_shapes = True

    def _layer_name(self, _part: Part, _layer: str) -> str | None:
        return None

    def _claimed(self, system: str | None) -> Claim:
        prj = self.path.with_suffix(".prj")
        if system is None and prj.exists():
            with prj.open("rb") as file:
                said = file.read(PRJ_AT_MOST)
            text = said.decode(letters.of_text([said]), "replace").strip("\ufeff\x00\x1a \t\r\n")
            if text:
                return stated(text, "file")
        return super()._claimed(system)

    def _prepare(self, encoding: str | None) -> None:
        with self.path.open("rb") as file:
            head = file.read(36)
        if len(head) == 36 and struct.unpack("<i", head[32:])[0] == MULTIPATCH:
            raise Problem("refused", "intake.multipatch", field="file")
        self._dbf: Dbf | None = None
        self._gdal_fields = []
        dbf = self.path.with_suffix(".dbf")
        if dbf.exists():
            self._dbf = Dbf(dbf, encoding)
            self.encoding = self._dbf.encoding
            self._gdal_fields = list(self._dbf.fields)
            self.notes += notes_of(self._dbf)

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order, fewer at once where their attributes are wide."""
        return super().batches(min(size, self._dbf.at_once) if self._dbf else size)

    def _batch(self, record: pa.RecordBatch, first_row: int) -> Batch:
        troubles: dict[int, Trouble] = {}
        marks: dict[int, str] = {}
        numbers = record.column(self._fid_name).to_pylist()
        columns = self._dbf.columns(numbers, troubles, marks) if self._dbf else {}
        shapes = self._shapes_of(record, troubles)
        return Batch(first_row, record.num_rows, columns, shapes, troubles, marks)


SHAPEFILE = Format(
    "shapefile",
    (".shp",),
    lambda head, suffix: head[:4] == b"\x00\x00\x27\x0a" and suffix == ".shp",
    Shapefile,
    siblings=(".shp", ".shx", ".dbf", ".prj", ".cpg"),
)
