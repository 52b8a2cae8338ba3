"""A column checked at once: values that need no change are known by asking Arrow, the others are
converted once for each value that differs. What a value means, its converter alone says.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gridwarden.intake.formats.batch import Trouble, shown
from gridwarden.intake.formats.packed import TEXT, Packed, numbers_of, there
from gridwarden.intake.spelling import BadValueError
from gridwarden.layers.catalogue.model import ColumnType

KINDS: Final[dict[ColumnType, pa.DataType]] = {
    "text": TEXT,
    "real": pa.float64(),
    "integer": pa.int32(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
"""A layer's types as Arrow has them."""
One = Callable[[Any], Any]
AsItIs = Callable[[pa.Array], NDArray[np.bool_]]
_EXACT: Final = 2**53
"""Whole numbers up to it are floats without loss."""


def converted(
    values: Sequence[Any],
    one: One,
    as_it_is: AsItIs,
    kind: pa.DataType,
    name: str,
    troubles: dict[int, Trouble],
) -> Packed:
    """What `one` makes of every value that is not None; a trouble where it raises BadValueError.

    `as_it_is` tells of Arrow's values which `one` would give back unchanged: it is not asked.
    """
    # A moment keeps the offset that it is written with, which Arrow does not.
    if not isinstance(values, Packed) or pa.types.is_timestamp(kind):
        return Packed.of(_made(values, one, name, troubles), kind)
    array = values.array
    fine = as_it_is(array)
    odd = ~fine & there(array)
    if not odd.any():
        return values if array.type == kind else Packed(array.cast(kind))
    coded = array.filter(pa.array(odd)).dictionary_encode()
    bad: dict[int, Trouble] = {}
    made = Packed.of(_made(coded.dictionary.to_pylist(), one, name, bad), kind)
    if bad:
        for row, code in zip(np.flatnonzero(odd), coded.indices.to_pylist(), strict=True):
            if code in bad:
                troubles.setdefault(int(row), bad[code])
    found = made.array.take(coded.indices)
    if not fine.any():
        kept = pa.nulls(len(array), kind)
    else:
        kept = pc.if_else(pa.array(fine), array, pa.scalar(None, array.type)).cast(kind)
    return Packed(pc.replace_with_mask(kept, pa.array(odd), found))


def _made(values: Sequence[Any], one: One, name: str, troubles: dict[int, Trouble]) -> list[Any]:
    out: list[Any] = [None] * len(values)
    for i, value in enumerate(values):
        if value is None:
            continue
        try:
            out[i] = one(value)
        except BadValueError as bad:
            troubles.setdefault(i, Trouble(bad.reason, name, shown(value)))
    return out


def plain_texts(array: pa.Array, longest: int) -> NDArray[np.bool_]:
    """Texts with something in them, nothing blank around them, and no zero character."""
    fine = pc.equal(pc.utf8_trim_whitespace(array), array)
    fine = pc.and_(fine, pc.not_equal(array, pa.scalar("", TEXT)))
    fine = pc.and_(fine, pc.less_equal(pc.utf8_length(array), longest))
    fine = pc.and_not(fine, pc.match_substring(array, "\x00"))
    return np.asarray(fine.fill_null(False).to_numpy(zero_copy_only=False))


def within(array: pa.Array, low: float | None, high: float | None) -> NDArray[np.bool_]:
    """Finite numbers within closed bounds, whole ones only where a float has them exactly."""
    numbers = numbers_of(array)
    if numbers.dtype.kind == "f":
        fine = np.isfinite(numbers)
    else:
        fine = (numbers >= -_EXACT) & (numbers <= _EXACT)
    if low is not None:
        fine &= numbers >= low
    if high is not None:
        fine &= numbers <= high
    found: NDArray[np.bool_] = fine & there(array)
    return found
