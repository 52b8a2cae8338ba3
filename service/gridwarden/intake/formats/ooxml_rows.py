"""The rows of a worksheet, gathered from a parser's events: what each cell shows."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from openpyxl.utils.datetime import from_excel

from gridwarden.intake.formats.layout import Line
from gridwarden.intake.formats.sheets import Wrong
from gridwarden.words.problems import Problem

MAX_TEXT: Final = 1 << 20
"""Letters of one cell; a spreadsheet takes 32,767."""
LAST_ROW: Final = 1 << 20
LAST_COLUMN: Final = 1 << 14
CELL: Final = re.compile(r"^([A-Z]{1,3})(\d{1,7})$")
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
Attributes = dict[str, str]


class Rows:
    """Gathers the rows of a sheet from the parser's events."""

    def __init__(self, strings: list[str], dates: frozenset[int], epoch: datetime) -> None:
        self._strings, self._dates, self._epoch = strings, dates, epoch
        self._ready: list[Line] = []
        self._row = self._column = 0
        self._cells: list[Any] = []
        self._attributes: Attributes = {}
        self._parts: list[str] = []
        self._length = 0
        self._listens = self._formula = self._has_value = self._aside = self._hidden = False

    def taken(self) -> list[Line]:
        """The rows that have become whole."""
        ready, self._ready = self._ready, []
        return ready

    def start(self, tag: str, a: Attributes) -> None:
        if tag == "c":
            self._attributes = a
            self._parts.clear()
            self._length = 0
            self._formula = self._has_value = False
        elif tag == "v" or (tag == "t" and not self._aside):
            self._listens = True
        elif tag == "f":
            self._formula = True
        elif tag == "row":
            self._begin(whole(a.get("r"), self._row + 1))
            self._hidden = a.get("hidden") in ("1", "true")
        elif tag == "rPh":
            self._aside = True

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._listens = False
        elif tag == "c":
            self._cell()
        elif tag == "row" and self._cells:
            self._ready.append(Line(self._row, self._cells, self._hidden))
        elif tag == "rPh":
            self._aside = False

    def text(self, data: str) -> None:
        if self._listens:
            self._length += len(data)
            if self._length > MAX_TEXT:
                raise broken()
            self._parts.append(data)

    def _begin(self, number: int) -> None:
        if not self._row < number <= LAST_ROW:
            raise broken()
        self._row, self._column, self._cells = number, 0, []

    def _cell(self) -> None:
        """One cell. Empty ones cost nothing, however many of them are formatted."""
        where = self._attributes.get("r")
        found = CELL.match(where) if where else None
        self._column = column_of(found[1]) if found else self._column + 1
        value = self._value("".join(self._parts))
        if value is None:
            return
        if not 0 < self._column <= LAST_COLUMN:
            raise broken()
        self._cells.extend([None] * (self._column - len(self._cells)))
        self._cells[self._column - 1] = value

    def _value(self, raw: str) -> Any:
        kind = self._attributes.get("t", "n")
        if kind == "s" and raw:
            return self._strings[whole(raw, len(self._strings))] or None
        if kind in ("str", "inlineStr"):
            return unescaped(raw) or None
        if not raw:
            return Wrong("formula_without_value") if self._formula else None
        if kind == "e":
            return Wrong("spreadsheet_error", raw)
        if kind == "b":
            return raw.strip() in ("1", "true")
        try:
            if kind == "d":
                return midnight(datetime.fromisoformat(raw.strip().replace("Z", "+00:00")))
            number = number_of(raw)
        except ValueError:
            return Wrong("bad_date" if kind == "d" else "bad_number", raw)
        if whole(self._attributes.get("s"), 0) in self._dates:
            return self._day(number, raw)
        return number

    def _day(self, number: float | int, raw: str) -> Any:
        try:
            found = from_excel(number, self._epoch)
        except (OverflowError, ValueError):
            return Wrong("bad_date", raw)
        if isinstance(found, datetime):
            return midnight(found)
        return str(found) if isinstance(found, (time, timedelta)) else found


def whole(text: str | None, otherwise: int) -> int:
    """A whole number of at most nine digits."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def number_of(raw: str) -> float | int:
    raw = raw.strip()
    if raw.lstrip("-").isdigit() and len(raw) < 17:
        return int(raw)
    return float(raw)


def column_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def midnight(moment: datetime) -> datetime | date:
    """A day where there is no time of the day."""
    return moment.date() if moment.time() == time() and moment.tzinfo is None else moment


def unescaped(text: str) -> str:
    """A text without the `_x000D_` that stands for what XML cannot say."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def broken() -> Problem:
    return Problem("unreadable_file", "intake.unreadable", field="file")
