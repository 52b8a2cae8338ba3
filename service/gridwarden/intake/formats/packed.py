"""A column of a batch as Arrow holds it: asked of all its values at once, most things cost nothing.

Readers that get Arrow from GDAL or Parquet hand such columns on; the others give lists.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

TEXT: Final = pa.large_string()
DAY: Final = pa.date32()
KINDS: Final[dict[str, pa.DataType]] = {
    "text": TEXT,
    "number": pa.float64(),
    "whole": pa.int64(),
    "truth": pa.bool_(),
    "day": DAY,
}
"""The kinds of columns that are handed on as they are, by the name that crosses the pipe."""
_WIDTHS: Final = {"number": "<f8", "whole": "<i8", "truth": "u1", "day": "<i4"}
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""Years 1 and 9999, the ends of Python's calendar, in days from 1970."""


class Packed(Sequence[Any]):
    """Values of one kind, None where there is none. As a sequence it is what a list of them is."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array
        self._values: list[Any] | None = None

    @classmethod
    def of(cls, values: Sequence[Any], kind: pa.DataType) -> "Packed":
        """Values that Python has; they stay what they are (a moment keeps its offset)."""
        made = cls(pa.array(values, type=kind))
        made._values = list(values)
        return made

    @property
    def values(self) -> list[Any]:
        """The values as Python has them."""
        if self._values is None:
            self._values = self.array.to_pylist()
        return self._values

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __getitem__(self, at: Any) -> Any:
        return self.values[at]

    def __eq__(self, other: object) -> bool:
        return self.values == (other.values if isinstance(other, Packed) else other)

    def __repr__(self) -> str:
        return repr(self.values)

    __hash__ = None  # type: ignore[assignment]


def packed(column: pa.Array) -> Packed | None:
    """A reader's column; None for one of another kind, and for letters that are not UTF-8."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            return None
        return Packed(column.cast(TEXT))
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return Packed(column.cast(pa.float64()))
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return Packed(column.cast(pa.int64()))
    if pa.types.is_boolean(kind) or (kind == DAY and in_calendar(column)):
        return Packed(column)
    return None


def in_calendar(days: pa.Array) -> bool:
    """Whether Python has all of these days."""
    ends = pc.min_max(days.cast(pa.int32())).as_py()
    return ends["min"] is None or (ends["min"] >= _FIRST_DAY and ends["max"] <= _LAST_DAY)


def there(array: pa.Array) -> NDArray[np.bool_]:
    """Where an array has a value."""
    found: NDArray[np.bool_] = array.is_valid().to_numpy(zero_copy_only=False)
    return found


def numbers_of(array: pa.Array) -> NDArray[Any]:
    """The numbers of an array, 0 where there is none."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    whole = array.fill_null(0) if array.null_count else array
    return np.asarray(whole.to_numpy(zero_copy_only=False))


def said(column: Packed) -> tuple[str, bool, bytes]:
    """A column's kind, whether values are missing, and its bytes for the pipe."""
    array = column.array
    kind = next(name for name, one in KINDS.items() if one == array.type)
    if kind == "text":
        offsets = np.frombuffer(array.buffers()[1], "<i8")[array.offset :][: len(array) + 1]
        letters = array.buffers()[2]
        cut = memoryview(letters or b"")[offsets[0] : offsets[-1]]
        raw = np.diff(offsets).astype("<u4").tobytes() + bytes(cut)
    else:
        plain = array.cast(pa.int32()) if kind == "day" else array
        raw = numbers_of(plain).astype(_WIDTHS[kind]).tobytes()
    missing = array.null_count > 0
    return kind, missing, raw + (there(array).tobytes() if missing else b"")


def heard(kind: str, missing: bool, raw: bytes, size: int) -> Packed:
    """The column that those bytes are. Raises ValueError for what is none, whatever it says."""
    end = len(raw) - size if missing else len(raw)
    if size < 0 or end < 0:
        raise ValueError("cut")
    valid = np.frombuffer(raw, "u1", size, end) != 0 if missing else np.full(size, True)
    if kind == "text":
        offsets = np.zeros(size + 1, "<i8")
        np.cumsum(np.frombuffer(raw, "<u4", size), out=offsets[1:])
        letters = pa.py_buffer(raw)[4 * size : end]
        if offsets[-1] != len(letters):
            raise ValueError("letters of another length")
        bits = pa.array(valid).buffers()[1] if missing else None
        array = pa.LargeStringArray.from_buffers(size, pa.py_buffer(offsets), letters, bits)
        array.validate(full=True)
        return Packed(array)
    numbers = np.frombuffer(raw, _WIDTHS[kind], size)
    if numbers.nbytes != end:
        raise ValueError("numbers of another length")
    array = pa.array(numbers != 0 if kind == "truth" else numbers, mask=~valid)
    if kind == "day" and not in_calendar(array := array.cast(DAY)):
        raise ValueError("days of no calendar")
    return Packed(array)
