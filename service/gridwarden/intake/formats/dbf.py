"""DBF records as they stand in the file: letters, numbers and days by their own bytes.

GDAL reads `1x` and 20201399 as 1 and the first of January 1970. Here what is no number and no day
stays the text that it is, so that a column which wants one refuses the row. A number field that is
full of stars has none: so GDAL (QGIS) and ArcGIS write "no value".
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Trouble, bounded, shown
from gridwarden.intake.formats.columns import place_of, shapes_at
from gridwarden.intake.formats.format import Format, Part
from gridwarden.words.problems import Problem

SAMPLE_ROWS: Final = 5_000
SAMPLED: Final = 200
GAP: Final = 64
BYTES_A_BATCH: Final = 32 << 20
TYPES: Final = b"CNFDLMIOB+@GPYTVX0"
"""Letters that name a field's type, in any of the dialects."""
_MEMO: Final = b"MGP"
_VERSIONS: Final = frozenset(
    {0x02, 0x03, 0x04, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0xCB, 0xF5}
)
_FIELD: Final = 32
Raw = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class DbfField:
    """One field: where its bytes stand in a record, and how they are to be read."""

    raw_name: bytes
    kind: int
    offset: int
    width: int
    decimals: int


class Dbf:
    """The records of one DBF. Raises Problem `unreadable_file` for what is none."""

    def __init__(self, path: Path, encoding: str | None) -> None:
        self.path = path
        with path.open("rb") as file:
            head = file.read(_FIELD)
            if not looks_like_dbf(head):
                raise _unreadable()
            self.said, self.start, self.width = struct.unpack("<IHH", head[4:12])
            self._columns = _fields(file.read(max(self.start - _FIELD, 0)), self.width)
        bounded(len(self._columns))
        self.count = min(self.said, (path.stat().st_size - self.start) // self.width)
        self.encoding = encoding or letters.of_dbf(self._samples(), head[29], _cpg(path))
        names = [self._decoded_name(one.raw_name) for one in self._columns]
        self.fields = tuple(_unique(names))

    @property
    def at_once(self) -> int:
        """How many records are held in memory together: fewer where they are wide."""
        return max(1, BYTES_A_BATCH // int(self.width))

    @property
    def memos(self) -> list[str]:
        """Fields whose texts stand in another file, which is not read."""
        return [
            name for name, one in zip(self.fields, self._columns, strict=True) if one.kind in _MEMO
        ]

    def standing(self, first: int, count: int) -> NDArray[np.intp]:
        """The numbers of the records that are not deleted, from 0, among `count` from `first`."""
        flags = self._records(first, count).view(np.uint8).reshape(-1, self.width)[:, 0]
        return first + np.flatnonzero(flags != ord("*"))

    def _records(self, first: int, count: int) -> Raw:
        """Some consecutive records, read from the file anew: nothing of it stays in memory."""
        with self.path.open("rb") as file:
            file.seek(self.start + first * self.width)
            raw = file.read(max(0, min(count, self.count - first)) * self.width)
        return np.frombuffer(raw, dtype=f"V{self.width}", count=len(raw) // self.width)

    def columns(
        self,
        which: Sequence[int] | NDArray[np.intp],
        troubles: dict[int, Trouble],
        marks: dict[int, str],
    ) -> dict[str, list[Any]]:
        """The values of some records; those that the file does not have are None."""
        wanted = np.asarray(which, dtype=np.intp)
        there = np.flatnonzero(wanted < self.count)
        records = self._picked(wanted[there])
        out: dict[str, list[Any]] = {}
        for name, one in zip(self.fields, self._columns, strict=True):
            cells = _cells(records, self.width, one)
            values = self._values(cells, one, name, there, troubles, marks)
            if len(there) == len(wanted):
                out[name] = values
            else:
                out[name] = [None] * len(wanted)
                for i, value in zip(there, values, strict=True):
                    out[name][i] = value
        return out

    def _picked(self, wanted: NDArray[np.intp]) -> Raw:
        """Records by their numbers, which rise; those of short gaps are read along."""
        if not len(wanted):
            return self._records(0, 0)
        runs = np.split(wanted, np.flatnonzero(np.diff(wanted) > GAP) + 1)
        return np.concatenate(
            [self._records(int(run[0]), int(run[-1] - run[0]) + 1)[run - run[0]] for run in runs]
        )

    def _values(
        self,
        cells: list[bytes],
        one: DbfField,
        name: str,
        there: NDArray[np.intp],
        troubles: dict[int, Trouble],
        marks: dict[int, str],
    ) -> list[Any]:
        read = _READERS.get(one.kind)
        if read is not None:
            return [read(cell) for cell in cells]
        out: list[Any] = []
        for i, cell in enumerate(cells):
            raw = cell.rstrip(b" \x00")
            text: str | None = None
            if raw and one.kind not in _MEMO:
                try:
                    text, cut = letters.text_of(raw, self.encoding)
                    if cut:
                        marks[int(there[i])] = "text_cut"
                except UnicodeDecodeError:
                    troubles.setdefault(
                        int(there[i]), Trouble("undecodable_text", name, shown(raw))
                    )
            out.append(text or None)
        return out

    def _samples(self) -> Iterator[bytes]:
        """Names and texts of the first records."""
        yield from (one.raw_name for one in self._columns)
        records = self._records(0, SAMPLE_ROWS)
        for one in self._columns:
            if one.kind == ord("C"):
                yield from (c.rstrip(b" \x00") for c in _cells(records, self.width, one))

    def _decoded_name(self, raw: bytes) -> str:
        try:
            return letters.text_of(raw, self.encoding)[0]
        except UnicodeDecodeError:
            return raw.decode(self.encoding, "backslashreplace")


class DbfTable:
    """A DBF that came alone: rows without shapes."""

    kind = "dbf"

    def __init__(self, part: Part, layer: str, encoding: str | None) -> None:
        self.layer = layer
        self._dbf = Dbf(part.path, encoding)
        self.fields = self._dbf.fields
        self.encoding = self._dbf.encoding
        self._place = place_of(self.fields, self._sample())
        self.claim = self._place.claim
        self.rows: int | None = self._dbf.count
        self.notes = notes_of(self._dbf)

    @property
    def places(self) -> set[str]:
        """The fields that hold the position: a bare DBF has no shapes of its own."""
        return self._place.fields

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order, without those that are marked as deleted."""
        number = 1
        step = min(size, self._dbf.at_once)
        for start in range(0, self._dbf.count, step):
            which = self._dbf.standing(start, step)
            if not len(which):
                continue
            troubles: dict[int, Trouble] = {}
            marks: dict[int, str] = {}
            columns = self._dbf.columns(which, troubles, marks)
            shapes = shapes_at(self._place, columns, len(which), troubles)
            kept = {n: v for n, v in columns.items() if n not in self.places}
            yield Batch(number, len(which), kept, shapes, troubles, marks)
            number += len(which)

    def _sample(self) -> list[list[Any]]:
        """The first records, to tell degrees from metres by."""
        columns = self._dbf.columns(self._dbf.standing(0, SAMPLED), {}, {})
        return [list(row) for row in zip(*columns.values(), strict=True)]


def notes_of(dbf: Dbf) -> list[str]:
    """What a person should know of the records: memos left out, records that are not there."""
    notes = [f"dbf_memo:{', '.join(dbf.memos)}"] if dbf.memos else []
    if dbf.count < dbf.said:
        notes.append(f"dbf_short:{dbf.count}/{dbf.said}")
    return notes


def looks_like_dbf(head: bytes) -> bool:
    """Whether these first bytes are a DBF's: a version, a day of the calendar, sensible sizes."""
    if len(head) < _FIELD or head[0] not in _VERSIONS:
        return False
    _, start, width = struct.unpack("<IHH", head[4:12])
    return head[2] <= 12 and head[3] <= 31 and start > _FIELD and width > 1


def _fields(block: bytes, width: int) -> list[DbfField]:
    found: list[DbfField] = []
    offset = 1
    for at in range(0, len(block) - _FIELD + 1, _FIELD):
        one = block[at : at + _FIELD]
        if one[0] in (0x0D, 0x00):
            break
        kind, size, decimals = one[11], one[16], one[17]
        if kind not in TYPES:
            raise _unreadable()
        if kind == ord("C"):
            size, decimals = size + 256 * decimals, 0  # how dBase writes texts over 254 bytes
        raw_name = one[:11].split(b"\x00")[0].rstrip(b" ")
        found.append(DbfField(raw_name, kind, offset, size, decimals))
        offset += size
    if not found or offset > width:
        raise _unreadable()
    return found


def _cells(records: Raw, width: int, one: DbfField) -> list[bytes]:
    """The bytes of one field in some records."""
    if not len(records) or not one.width:
        return [b""] * len(records)
    whole = np.ascontiguousarray(records).view(np.uint8).reshape(len(records), width)
    cells = np.ascontiguousarray(whole[:, one.offset : one.offset + one.width])
    return [cell.tobytes() for cell in cells]


def _number(cell: bytes) -> Any:
    """A number, None for an empty cell and for stars, or the text that stands in its place."""
    raw = cell.strip(b" \x00")
    if not raw or not cell.strip(b"*"):
        return None
    try:
        return int(raw) if raw.lstrip(b"+-").isdigit() else float(raw.replace(b",", b"."))
    except ValueError:
        return raw.decode("ascii", "replace")


def _day(cell: bytes) -> Any:
    raw = cell.strip(b" \x00")
    if not raw.strip(b"0"):
        return None
    text = raw.decode("ascii", "replace")
    if len(cell) == 8 and cell.endswith(raw) and raw.isdigit():
        text = text.rjust(8, "0")  # GDAL writes the year 812 so
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return text


def _truth(cell: bytes) -> bool | None:
    return True if cell[:1] in b"TtYy" and cell else False if cell[:1] in b"FfNn" and cell else None


def _unpacked(form: str) -> Callable[[bytes], Any]:
    size = struct.calcsize(form)

    def read(cell: bytes) -> Any:
        return struct.unpack(form, cell)[0] if len(cell) == size else None

    return read


_READERS: Final[dict[int, Callable[[bytes], Any]]] = {
    ord("N"): _number,
    ord("F"): _number,
    ord("D"): _day,
    ord("L"): _truth,
    ord("I"): _unpacked("<i"),
    ord("+"): _unpacked("<i"),
    ord("O"): _unpacked("<d"),
    ord("B"): _unpacked("<d"),
}


def _unique(names: list[str]) -> list[str]:
    """Field names, none twice and none empty, so that no column is lost."""
    out: dict[str, None] = {}
    for i, raw in enumerate(names):
        name = raw or f"column{i + 1}"
        while name in out:
            name = f"{name}_{i + 1}"
        out[name] = None
    return list(out)


def _cpg(path: Path) -> str | None:
    cpg = path.with_suffix(".cpg")
    return cpg.read_text("ascii", "replace") if cpg.exists() else None


def _unreadable() -> Problem:
    return Problem("unreadable_file", "intake.unreadable", field="file")


DBF = Format(
    "dbf",
    (".dbf",),
    lambda head, suffix: suffix == ".dbf" and looks_like_dbf(head[:_FIELD]),
    DbfTable,
    siblings=(".dbf", ".cpg"),
)
