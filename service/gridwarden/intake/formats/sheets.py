"""One sheet as a source of rows, whether it came as a workbook or as a text table."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np
import shapely

from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Shapes, Trouble, shown
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.columns import numbers
from gridwarden.intake.formats.headers import header, words
from gridwarden.intake.formats.layout import (
    LOOKED_AT,
    Layout,
    Line,
    Merge,
    no_row,
    understood,
)
from gridwarden.intake.formats.places import Place, place_in
from gridwarden.intake.formats.positions import Axis, compact
from gridwarden.words.sheets import unguarded

_SPECIAL: Final = frozenset("#＃'")
"""What a cell begins with that has to be looked at."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
TEXT_A_BATCH: Final = 32 << 20
"""Characters after which a batch is full, however few its rows: it is held in memory."""
ERRORS: Final = words(
    "#ref! #n/a #div/0! #value! #name? #null! #num! #spill! #calc! #field! #blocked! #unknown!"
    " #getting_data #n/a! #connect!"
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A cell that cannot be taken: the reason, and what the sheet shows."""

    reason: str
    text: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass
class Sheet:
    """A `Source` over the lines of one sheet.

    `lines` gives them anew each time it is called. `spread` are the sheet's merged areas, whose
    value every row that they cover has. `apostrophes` tells that texts like formulas were guarded
    when the file was written. `undecoded` finds bytes that are no letters.
    """

    kind: str
    layer: str
    encoding: str
    lines: Callable[[], Iterator[Line]]
    merges: Sequence[Merge] = ()
    apostrophes: bool = False
    undecoded: Callable[[str], bytes | None] | None = None
    loose_width: bool = False
    notes: list[str] = field(default_factory=list)
    rows: int | None = None
    layout: Layout = field(init=False)
    place: Place = field(init=False)
    fields: tuple[str, ...] = field(init=False)
    claim: Claim = field(init=False)
    """Whose coordinates these are, as headers and titles say it."""

    def __post_init__(self) -> None:
        head = list(islice(self.lines(), LOOKED_AT))
        self.layout = understood(head, self.merges, loose_width=self.loose_width)
        sample = [one.cells for one in head if one.number > self.layout.after]
        self.place = place_in(self.layout, sample)
        self.fields, self.claim = self.layout.names, self.place.claim
        self._at = {name: i for i, name in enumerate(self.layout.names)}
        if self.layout.header != (1,):
            self.notes.append(f"header_in_row:{', '.join(map(str, self.layout.header))}")

    @property
    def places(self) -> set[str]:
        """The fields that hold the position, not properties."""
        return self.place.fields

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order, by their numbers in the sheet. Raises Problem `unreadable_file`."""
        first = 1
        for lines, passed in self._portions(size):
            yield self._batch(first, lines, passed)
            first += len(lines)

    def _portions(self, size: int) -> Iterator[tuple[list[Line], dict[int, str]]]:
        """Lines in portions of at most `size`, and of little more than `TEXT_A_BATCH`. What
        follows the last row (a total, who filled it in) is told with it."""
        portion: list[Line] = []
        passed: dict[int, str] = {}
        held = 0
        needed = [self._at[name] for name in self.places]
        for line in _spread(self.lines(), self.merges, self.layout.after):
            if line.number <= self.layout.after:
                continue
            cells = line.cells
            placed = bool(needed) and _filled(cells, needed)
            why = no_row(line, self.layout, placed)
            if why is not None:
                if why != "blank_row":
                    passed[line.number] = why
                continue
            if line.hidden:
                passed[line.number] = "hidden_row"
            if len(portion) == size or held >= TEXT_A_BATCH:
                yield portion, passed
                portion, passed, held = [], {}, 0
            portion.append(line)
            held += _letters(cells)
        if portion:
            yield portion, passed

    def _batch(self, first_row: int, lines: list[Line], passed: dict[int, str]) -> Batch:
        width = self.layout.width
        troubles: dict[int, Trouble] = {}
        rows: list[list[Any]] = []
        for i, line in enumerate(lines):
            cells = line.cells
            if len(cells) > width and any(c is not None and str(c).strip() for c in cells[width:]):
                text = ",".join("" if c is None else str(c) for c in cells)
                troubles[i] = Trouble("wrong_width", None, shown(text))
            if len(cells) != width:
                cells = [*cells[:width], *[None] * (width - len(cells))]
            rows.append(cells)
        columns = {
            name: self._values(list(values), name, troubles)
            for name, values in zip(self.fields, zip(*rows, strict=True), strict=True)
        }
        shapes = self._shapes(columns, len(rows), troubles)
        kept = {n: v for n, v in columns.items() if n not in self.places}
        numbers = [line.number for line in lines]
        return Batch(first_row, len(rows), kept, shapes, troubles, {}, numbers, passed)

    def _values(self, values: list[Any], name: str, troubles: dict[int, Trouble]) -> list[Any]:
        """The cells of one column; spreadsheet errors and undecodable bytes become troubles."""
        texts = [value for value in values if isinstance(value, str)]
        plain = len(texts) == len(values) or Wrong not in set(map(type, values))
        if (
            plain
            and _SPECIAL.isdisjoint({text[:1] for text in texts})
            and not (self.undecoded and _SURROGATE.search("".join(texts)))
        ):
            return [None if value == "" else value for value in values]
        for i, value in enumerate(values):
            if isinstance(value, str):
                if value[:1] in ("#", "＃") and _is_error(value):
                    value = Wrong("spreadsheet_error", value)
                elif not value.isascii() and self.undecoded and (raw := self.undecoded(value)):
                    troubles.setdefault(i, Trouble("undecodable_text", name, shown(raw)))
                elif value[:1] == "'" and self.apostrophes:
                    values[i] = unguarded(value)
                elif not value:
                    values[i] = None
            if isinstance(value, Wrong):
                troubles.setdefault(i, Trouble(value.reason, name, shown(value.text)))
                values[i] = None
        return values

    def _shapes(
        self, columns: dict[str, list[Any]], n: int, troubles: dict[int, Trouble]
    ) -> Shapes:
        shapes: Shapes = np.full(n, None, dtype=object)
        wkt = self.place.wkt
        if wkt:
            texts = [v if v is None else str(v) for v in columns[wkt]]
            shapes = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
            for i, text in enumerate(texts):
                if text and shapes[i] is None:
                    troubles.setdefault(i, Trouble("unreadable_geometry", wkt, shown(text)))
        pair = self.place.pair
        if pair:
            axes: tuple[Axis, Axis] = ("lon", "lat") if self.place.degrees else ("plane", "plane")
            x, y = (
                numbers(columns[name], name, axis, troubles)
                for name, axis in zip(pair, axes, strict=True)
            )
            if self.place.degrees:
                _unpack(x, y)
            told = [bool(wkt and text) for text in columns.get(wkt or "", [None] * n)]
            there = ~(np.isnan(x) | np.isnan(y) | np.array(told, dtype=bool))
            shapes[there] = shapely.points(x[there], y[there])
        return shapes


def _filled(cells: list[Any], columns: Sequence[int]) -> bool:
    """Whether something is written in all of these columns."""
    try:
        return None not in (there := [cells[i] for i in columns]) and "" not in there
    except IndexError:
        return False


def _letters(cells: list[Any]) -> int:
    """How much text a row holds."""
    try:
        return sum(map(len, cells))  # a text table has nothing else
    except TypeError:
        return sum(len(cell) for cell in cells if isinstance(cell, str))


def _unpack(lon: np.ndarray[Any, Any], lat: np.ndarray[Any, Any]) -> None:
    """Degrees, minutes and seconds that were written as one number, in place."""
    for i in np.flatnonzero((np.abs(lon) > 180) & (np.abs(lat) > 90)):
        both = compact(float(lon[i]), float(lat[i]))
        if both is not None:
            lon[i], lat[i] = both


def _is_error(value: str) -> bool:
    spelt = header(value)
    # A column that is too narrow shows hashes, and some programs export what they show.
    return spelt in ERRORS or (len(spelt) > 2 and not spelt.strip("#"))


def _spread(lines: Iterator[Line], merges: Sequence[Merge], after: int) -> Iterator[Line]:
    """The lines; the value of a merged area stands in every row that the area covers."""
    tall = [m for m in merges if m.bottom > m.top and m.bottom > after]
    if not tall:
        yield from lines
        return
    starts: dict[int, list[Merge]] = {}
    for merge in tall:
        starts.setdefault(merge.top, []).append(merge)
    values: dict[int, tuple[int, Any]] = {}
    for line in lines:
        cells = line.cells
        for column, (bottom, value) in list(values.items()):
            if line.number > bottom:
                del values[column]
            elif any(c is not None for c in cells):
                cells.extend([None] * (column + 1 - len(cells)))
                if cells[column] is None:
                    cells[column] = value
        for merge in starts.get(line.number, ()):
            if merge.left < len(cells) and cells[merge.left] is not None:
                values[merge.left] = (merge.bottom, cells[merge.left])
        yield line
