"""Drawings and GIS files, byte by byte where no library would write what people send."""

import struct
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

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
    out += b"\r"
    for i, row in enumerate(rows):
        out += b"*" if i in deleted else b" "
        for value, (_, kind, w, _) in zip(row, fields, strict=True):
            out += value.ljust(w)[:w] if kind == b"C" else value.rjust(w)[:w]
    path.write_bytes(out + b"\x1a")
    return path
