"""Columns as PostgreSQL's binary COPY takes them: a batch is one piece of bytes, made by Arrow.

Each field is its length (-1 for null) and its value, numbers with the highest byte first.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gridwarden.intake.formats.packed import numbers_of, there

BEGIN: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END: Final = b"\xff\xff"
RAW: Final = pa.large_binary()
_NOTHING: Final = pa.scalar(b"", RAW)
_DAY_ZERO: Final = 10_957
"""2000-01-01, from which PostgreSQL counts, in days from 1970."""
_ZERO_US: Final = _DAY_ZERO * 86_400_000_000


def copied(columns: Sequence[pa.Array]) -> memoryview:
    """The rows between `BEGIN` and `END`, without them.

    Texts, float64, int32, int64, bool, days and moments become PostgreSQL's types of that name;
    `large_binary` goes as it is (`geometry` takes EWKB, `jsonb` what `as_jsonb` gives).
    """
    rows = len(columns[0])
    parts = [_fixed(np.full(rows, len(columns), ">i2"))]
    for column in columns:
        value = _sent(column)
        lengths = np.full(rows, -1, ">i4")
        lengths[there(value)] = numbers_of(pc.binary_length(value))[there(value)]
        parts.append(_fixed(lengths))
        if value.null_count < rows:
            parts.append(value)
    joined = pc.binary_join_element_wise(
        *parts, _NOTHING, null_handling="replace", null_replacement=""
    )
    _, ends, raw = joined.buffers()
    return memoryview(raw or b"")[: np.frombuffer(ends, "<i8")[rows]]


def as_jsonb(texts: Sequence[str]) -> pa.Array:
    """JSON as `jsonb` takes it: behind the number of its format, 1."""
    return pa.array(["\x01" + text for text in texts], pa.large_string()).cast(RAW)


def _sent(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_large_string(kind):
        return column.cast(RAW)
    if kind == RAW:
        return column
    if pa.types.is_date32(kind):
        return _fixed(numbers_of(column.cast(pa.int32())) - _DAY_ZERO, ">i4", column)
    if pa.types.is_timestamp(kind):
        return _fixed(numbers_of(column.cast(pa.int64())) - _ZERO_US, ">i8", column)
    widths = {pa.float64(): ">f8", pa.int32(): ">i4", pa.int64(): ">i8", pa.bool_(): "u1"}
    return _fixed(numbers_of(column), widths[kind], column)


def _fixed(numbers: Any, kind: str | None = None, of: pa.Array | None = None) -> pa.Array:
    """Numbers of one width as bytes, null where `of` is."""
    raw = numbers if kind is None else numbers.astype(kind)
    offsets = np.arange(len(raw) + 1, dtype="<i8") * raw.itemsize
    valid = None if of is None or not of.null_count else pa.array(there(of)).buffers()[1]
    return pa.Array.from_buffers(RAW, len(raw), [valid, pa.py_buffer(offsets), pa.py_buffer(raw)])
