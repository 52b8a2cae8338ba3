"""From the values of a file to the values of a column: numbers, dates, yes and no, choices."""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cached_property
from typing import Any

from gridwarden.intake.formats.batch import Trouble, shown
from gridwarden.layers.catalogue import Column

NOTHING = frozenset(
    {
        "",
        "-",
        "--",
        "/",
        "\\",
        "n/a",
        "na",
        "nan",
        "null",
        "none",
        "unknown",
        "不详",
        "未知",
        "无",
        "空",
    }
)
"""What people write where there is no value; a column whose choices know the word wins."""
SENTINELS = frozenset({-9999.0, 9999.0, -99999.0, 99999.0, -999.0})
MAX_TEXT = 20_000
_NUMBER = re.compile(r"^(?:dn|de|d|φ|ø)?\s*([+-]?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)\s*([^\d\s]\S*)?$")
_DATE = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ t].*)?$")
_PLAIN_DATE = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_YES = frozenset({"1", "true", "t", "yes", "y", "是", "有", "通", "on", "开"})
_NO = frozenset({"0", "false", "f", "no", "n", "否", "无", "断", "off", "关"})
_UNITS = {"m": "m", "mm": "mm", "mpa": "mpa", "kv": "kv"}


class BadValueError(ValueError):
    """A value that the column cannot take; `reason` is the stable code."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Converter:
    """Turns the raw values of one source field into one column's.

    `factor` is to the column's unit (2 m → 2000 mm); `dbf` reads the numbers that stand for
    "no value" in a format that has none; times without offset are read in `zone`.
    """

    column: Column
    factor: float = 1.0
    dbf: bool = False
    zone: tzinfo | None = None

    def all(self, values: list[Any], name: str, troubles: dict[int, Trouble]) -> list[Any]:
        """Convert a whole column; what cannot be taken becomes None and a trouble."""
        one = self.one
        out: list[Any] = [None] * len(values)
        for i, value in enumerate(values):
            if value is None:
                continue
            try:
                out[i] = one(value)
            except BadValueError as bad:
                troubles.setdefault(i, Trouble(bad.reason, name, shown(value)))
        return out

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
        if found is None and spelt not in NOTHING:
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
        number = self._number(value)
        if number is None:
            return None
        if not math.isfinite(number):
            # A NaN in a numeric field is how several formats write "no value".
            if math.isnan(number) and not isinstance(value, str):
                return None
            raise BadValueError("bad_number")
        low, high = self.column.minimum, self.column.maximum
        if self.dbf and (number in SENTINELS or (number == 0 and low is not None and low > 0)):
            return None
        number = round(number * self.factor, 9) if self.factor != 1.0 else number
        if (low is not None and number < low) or (high is not None and number > high):
            raise BadValueError("out_of_bounds")
        return number

    def _integer(self, value: Any) -> int | None:
        number = self._real(value)
        if number is None:
            return None
        if number != int(number) or abs(number) > 2**31 - 1:
            raise BadValueError("bad_number")
        return int(number)

    def _number(self, value: Any) -> float | None:
        if isinstance(value, bool):
            raise BadValueError("bad_number")
        if isinstance(value, (int, float)):
            try:
                return float(value)
            except OverflowError:
                raise BadValueError("bad_number") from None
        spelt = plain(str(value))
        if spelt in NOTHING:
            return None
        try:
            return float(spelt)
        except ValueError:
            pass
        found = _NUMBER.match(spelt)
        if not found or (found[2] and (found[2] != self._unit or self.factor != 1.0)):
            raise BadValueError("bad_number")
        return float(found[1].replace(",", "."))

    @property
    def _unit(self) -> str | None:
        name = self.column.name
        return "mm" if name == "dn" else _UNITS.get(name.rsplit("_", 1)[-1])

    def _moment(self, value: Any) -> datetime | None:
        found = moment(value)
        if found is not None and found.tzinfo is None:
            found = found.replace(tzinfo=self.zone)
        return found


def plain(value: str) -> str:
    """A text as it is compared: one width, lower case, no spaces around it."""
    return unicodedata.normalize("NFKC", value).strip().casefold()


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


def storable(value: str) -> bool:
    """Whether UTF-8 can carry the text: no half of a surrogate pair."""
    return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)


def day(value: Any) -> date | None:
    """A calendar day in the ways that ledgers write it."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    spelt = plain(str(value))
    if spelt in NOTHING:
        return None
    found = _DATE.match(spelt) or _PLAIN_DATE.match(spelt)
    if not found:
        raise BadValueError("bad_date")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise BadValueError("bad_date") from None


def moment(value: Any) -> datetime | None:
    """A moment, ISO 8601 or a day alone; without offset when none is written."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    spelt = plain(str(value))
    if spelt in NOTHING:
        return None
    try:
        return datetime.fromisoformat(spelt.replace("/", "-").upper())
    except ValueError:
        found = day(spelt)
        return datetime(found.year, found.month, found.day) if found else None


def yes_or_no(value: Any) -> bool | None:
    """Yes or no in both languages."""
    if isinstance(value, bool):
        return value
    spelt = plain(text(value) or "")
    if spelt in _YES:
        return True
    if spelt in _NO:
        return False
    if spelt in NOTHING:
        return None
    raise BadValueError("bad_boolean")
