"""From the values of a file to the values of a column: numbers, dates, yes and no, choices."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gridwarden.intake.by_column import KINDS, converted, plain_texts, within
from gridwarden.intake.dates import day, moment, year
from gridwarden.intake.formats.batch import Trouble
from gridwarden.intake.formats.packed import Packed
from gridwarden.intake.measures import number_of, outer_of
from gridwarden.intake.spelling import NOTHING, BadValueError, plain, says_nothing
from gridwarden.layers.catalogue import Column

__all__ = ["NOTHING", "BadValueError", "Converter", "day", "plain", "storable", "text"]

SENTINELS = frozenset({-9999.0, 9999.0, -99999.0, 99999.0, -999.0})
MAX_TEXT = 20_000
_INTEGER = (-(2**31) + 1, 2**31 - 1)
_YES = frozenset({"1", "true", "t", "yes", "y", "是", "有", "通", "on", "开"})
_NO = frozenset({"0", "false", "f", "no", "n", "否", "无", "断", "off", "关"})


@dataclass(frozen=True)
class Converter:
    """Turns the raw values of one source field into one column's.

    `factor` is to the column's unit (2 m → 2000 mm); `dbf` reads the numbers that stand for
    "no value" in a format that has none; times without offset are read in `zone`. `part` takes
    only the outer diameter (`od_mm`) or the wall (`wall_mm`) from a field of sizes like Φ219×6.
    """

    column: Column
    factor: float = 1.0
    dbf: bool = False
    zone: tzinfo | None = None
    part: str | None = None

    def all(self, values: Sequence[Any], name: str, troubles: dict[int, Trouble]) -> Packed:
        """Convert a whole column; what cannot be taken becomes None and a trouble."""
        kind = KINDS[self.column.type]
        return converted(values, self.one, self._as_it_is, kind, name, troubles)

    def _as_it_is(self, array: pa.Array) -> NDArray[np.bool_]:
        """Which values `one` surely gives back as they are. That it says no means nothing."""
        column, kind = self.column, array.type
        no = np.zeros(len(array), dtype=bool)
        if column.choices is not None or self.part is not None or self.dbf:
            return no
        if column.type == "text" and pa.types.is_large_string(kind):
            return plain_texts(array, MAX_TEXT)
        same = (column.type, kind) in (("date", pa.date32()), ("boolean", pa.bool_()))
        if column.type == "real" and self.factor == 1.0 and kind in (pa.float64(), pa.int64()):
            return within(array, column.minimum, column.maximum)
        if column.type == "integer" and self.factor == 1.0 and kind == pa.int64():
            return within(array, column.minimum, column.maximum) & within(array, *_INTEGER)
        return ~no if same else no

    @property
    def one(self) -> Callable[[Any], Any]:
        """The function for one value, which is not None. Raises BadValueError."""
        if self.column.choices is not None:
            return self._choice
        return {
            "text": text,
            "real": self._real,
            "integer": self._integer,
            "date": day,
            "boolean": yes_or_no,
            "timestamp": self._moment,
        }[self.column.type]

    def _choice(self, value: Any) -> str | None:
        spelt = plain(text(value) or "")
        found = self._spellings.get(spelt)
        if found is None and not says_nothing(spelt):
            raise BadValueError(self.column.refusal)
        return found

    @cached_property
    def _spellings(self) -> dict[str, str]:
        """Every spelling of the column's choices, with the code that it means."""
        known: dict[str, str] = {}
        for code, words in (self.column.choices or {}).items():
            for word in (code, code.replace("_", " "), *words):
                known.setdefault(plain(word), code)
        return known

    def _real(self, value: Any) -> float | None:
        found = self._number(value)
        if found is None:
            return None
        number, factor = found
        if not math.isfinite(number):
            # A NaN in a numeric field is how several formats write "no value".
            if math.isnan(number) and not isinstance(value, str):
                return None
            raise BadValueError("bad_number")
        low, high = self.column.minimum, self.column.maximum
        if self.dbf and (number in SENTINELS or (number == 0 and low is not None and low > 0)):
            return None
        number = round(number * factor, 9) if factor != 1.0 else number
        if (low is not None and number < low) or (high is not None and number > high):
            raise BadValueError("out_of_bounds")
        return number

    def _number(self, value: Any) -> tuple[float, float] | None:
        if self.part is not None:
            found = outer_of(value, self.part)
            return None if found is None else (found, 1.0)
        if self.column.name.startswith("year"):
            value = year(value)
        return number_of(value, self.column.name, self.factor)

    def _integer(self, value: Any) -> int | None:
        number = self._real(value)
        if number is None:
            return None
        if number != int(number) or abs(number) > _INTEGER[1]:
            raise BadValueError("bad_number")
        return int(number)

    def _moment(self, value: Any) -> datetime | None:
        found = moment(value)
        if found is not None and found.tzinfo is None:
            found = found.replace(tzinfo=self.zone)
        return found


def text(value: Any) -> str | None:
    """A text without spaces around it; None when nothing is left."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, bytes):
        raise BadValueError("bad_text")
    out = str(value).strip()
    if "\x00" in out or len(out) > MAX_TEXT or not storable(out):
        raise BadValueError("bad_text")
    return out or None


def names_of_rows(values: Sequence[Any], name: str, troubles: dict[int, Trouble]) -> Packed:
    """What a field says that names rows for good, as `text` reads it."""

    def as_it_is(array: pa.Array) -> NDArray[np.bool_]:
        if pa.types.is_large_string(array.type):
            return plain_texts(array, MAX_TEXT)
        return np.zeros(len(array), dtype=bool)

    return converted(values, text, as_it_is, KINDS["text"], name, troubles)


def storable(value: str) -> bool:
    """Whether UTF-8 can carry the text: no half of a surrogate pair."""
    return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)


def yes_or_no(value: Any) -> bool | None:
    """Yes or no in both languages."""
    if isinstance(value, bool):
        return value
    spelt = plain(text(value) or "")
    if spelt in _YES:
        return True
    if spelt in _NO:
        return False
    if says_nothing(spelt):
        return None
    raise BadValueError("bad_boolean")
