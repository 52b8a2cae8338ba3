"""Where in a sheet the header is, what the columns are called, and which rows are no rows.

Offices put titles above the header, join headers over two rows, write units under them, add a
total and end with who filled it in. One understanding serves workbooks and text tables.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from gridwarden.intake.formats.batch import bounded
from gridwarden.intake.formats.headers import (
    JOINT,
    header,
    is_unit,
    known_words,
)
from gridwarden.layers.catalogue import layers
from gridwarden.words.problems import Problem

LOOKED_AT: Final = 200
"""Rows at the top of a sheet that are looked at before its header is chosen."""
HEADER_WITHIN: Final = 60
MAX_HEADER_ROWS: Final = 3
_NUMBER: Final = re.compile(r"^[+-]?[\d.,]+(?:e[+-]?\d+)?%?$")
_TOTAL: Final = re.compile(
    r"^(?:合计|总计|小计|共计|累计|总合计|本页(?:小计|合计)|全部合计|(?:sub|grand)?[ -]?total|sum)"
    r"[(:：)]?(?:\(.*\))?:?$"
)
_FOOT: Final = re.compile(
    r"^(?:填表(?:人|单位|日期|时间)?|填报(?:人|单位|日期)?|制表(?:人|日期)?|制图|编制(?:人|单位|日期)?"
    r"|审核(?:人|意见)?|审批(?:人)?|校核(?:人)?|复核(?:人)?|审定|测量(?:人|单位)|记录(?:人)?|经办人"
    r"|日期|联系人|联系电话|单位负责人|负责人|报送单位|备注|附注|说明|注|单位\(?盖章\)?|公章|签字"
    r"|prepared by|checked by|approved by|remarks?|notes?|source)\s*(?:[:(]|$)"
)
_REMARK: Final = re.compile(r"^(?:注\d*[:、.]|说明[:、]|备注[:]|以上|本表|此表|\*)")


_RAW: Final = re.compile("[\ud800-\udfff]")
_HEADING: Final = re.compile(
    r"^(?:[一二三四五六七八九十]+[、.]|\([一二三四五六七八九十]+\)|第.{1,6}[片区段标期批])"
)


class Line(NamedTuple):
    """One row of a sheet: its number as a spreadsheet shows it, its cells from column A, and
    whether the sheet hides it (a filter does)."""

    number: int
    cells: list[Any]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged area: rows as the sheet numbers them, columns from 0; ends are in it."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sheet is to be read.

    `names` are the columns' names, none twice, from column A. `header` are the sheet's rows that
    name them, `repeated` their cells (a page may repeat them), `begins` the first cell of each
    that names something and where it stands (from 0), `units` the row of units or None. `titles`
    are the texts above the header, `feet` those below the data as far as they were seen. `after`
    is the last row that is no data.
    """

    names: tuple[str, ...]
    header: tuple[int, ...]
    repeated: tuple[tuple[str, ...], ...]
    begins: tuple[tuple[int, Any], ...]
    units: int | None
    titles: tuple[str, ...]
    feet: tuple[str, ...]
    after: int

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.names)


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Every header that some layer knows, as headers are compared."""
    words = {"备注", "remark", "remarks", "note", "notes", "类型", "type", "类别", "点号", "地址"}
    for layer in layers().values():
        words.update(header(w) for w in layer.synonyms_of_source_id)
        for column in layer.all_columns:
            words.update(header(w) for w in column.headers)
            words.update((header(column.title.zh), header(column.title.en)))
    return frozenset(words | {"id", "fid", "objectid", "source_id", "osm_id", "uuid", "globalid"})


def understood(
    lines: Sequence[Line], merges: Sequence[Merge] = (), *, loose_width: bool = False
) -> Layout:
    """The layout of a sheet, from its first rows.

    `loose_width` gives a column to what stands to the right of the header, as people write beside
    their sheets; in a text table such a row is broken.

    Raises Problem: `unreadable_file` for a sheet without a header, `refused` for one that is
    wider than any register.
    """
    filled = [line for line in lines if not blank(line.cells)][:HEADER_WITHIN]
    if not filled:
        raise Problem("unreadable_file", "intake.no_header", field="file")
    at = _header_at(filled)
    first, last = _extent(filled, at, merges)
    units = None
    if last + 1 < len(filled) and _only_units(filled[last + 1].cells):
        last += 1
        units = filled[last].number
    rows = filled[first : last + (units is None)]
    reach = max((_last(line.cells) for line in filled[last + 1 :]), default=0) * loose_width
    names = _named(rows, merges, filled[last].cells if units is not None else None, reach)
    header_rows = tuple(line.number for line in rows)
    return Layout(
        names,
        header_rows,
        tuple(_compared(line.cells, len(names)) for line in rows),
        tuple(next((i, c) for i, c in enumerate(line.cells) if not _empty(c)) for line in rows),
        units,
        tuple(text for line in filled[:first] for text in _texts(line.cells)),
        tuple(_feet(lines, filled[last].number)),
        filled[last].number,
    )


def blank(cells: Sequence[Any]) -> bool:
    """Whether nothing is written in a row."""
    return all(_empty(cell) for cell in cells)


def no_row(line: Line, layout: Layout, placed: bool) -> str | None:
    """Why a line below the header is no row of the register; None when it is one.

    `placed` tells that the line holds a position, and then it is a row whatever it is called.
    The codes: `blank_row`, `header_again`, `total_row`, `foot_row`, `heading_row`.
    """
    if placed:
        return "header_again" if _repeats(line, layout) else None
    written = [str(cell) for cell in line.cells if not _empty(cell)]
    if not written:
        return "blank_row"
    if _repeats(line, layout):
        return "header_again"
    if any(_TOTAL.match(_spelt(cell)) for cell in line.cells[:4] if not _empty(cell)):
        return "total_row"
    spelt, alone = _spelt(written[0]), len(written) == 1 < layout.width
    if _FOOT.match(spelt) and (alone or ":" in spelt):
        return "foot_row"
    if alone and _REMARK.match(spelt):
        return "foot_row"
    return "heading_row" if alone and _HEADING.match(spelt) else None


def _repeats(line: Line, layout: Layout) -> bool:
    """Whether a line is the header again, as on every printed page."""
    for at, name in layout.begins:
        if at < len(line.cells) and line.cells[at] == name:
            return _compared(line.cells, layout.width) in layout.repeated
    return False


def _header_at(filled: Sequence[Line]) -> int:
    """The row that names the columns: the one with most headers that somebody knows, else the
    first that is as wide as the table and all words."""
    known = [
        known_words(line.cells, vocabulary()) if all_words(line.cells) else 0 for line in filled
    ]
    best = max(known)
    if best >= 2:
        return known.index(best)
    width = max(_many(line.cells) for line in filled)
    for i, line in enumerate(filled):
        if _many(line.cells) * 2 > width and (all_words(line.cells) or i == 0):
            return i
    return 0


def _extent(filled: Sequence[Line], at: int, merges: Sequence[Merge]) -> tuple[int, int]:
    """First and last of the rows that name the columns together."""
    first = last = at
    while first > 0 and last - first + 1 < MAX_HEADER_ROWS:
        if not _continues(filled[first - 1], filled[first], merges):
            break
        first -= 1
    while last + 1 < len(filled) and last - first + 1 < MAX_HEADER_ROWS:
        if not _continues(filled[last], filled[last + 1], merges):
            break
        last += 1
    return first, last


def _continues(upper: Line, lower: Line, merges: Sequence[Merge]) -> bool:
    """Whether the lower row names parts of what the upper row names: it has words only where an
    upper name spans several columns (merged, or empty beside it), or where there is none."""
    if lower.number != upper.number + 1 or not all_words(lower.cells):
        return False
    if _many(upper.cells) < 2 or not all_words(upper.cells) or _is_form(upper.cells):
        return False
    if not known_words(lower.cells, vocabulary()):
        return False
    spans = _spans(upper, merges, max(len(upper.cells), len(lower.cells)))
    parts = 0
    for column, cell in enumerate(lower.cells):
        if _empty(cell):
            continue
        span = next(((a, b) for a, b in spans if a <= column <= b), None)
        if span is not None and span[0] == span[1]:
            return False
        parts += span is not None
    return parts >= 2


def _is_form(cells: Sequence[Any]) -> bool:
    """Whether a row is of the form above a table (建设单位：某公司), not of its header."""
    return any(":" in unicodedata.normalize("NFKC", str(c)) for c in cells if not _empty(c))


def _spans(line: Line, merges: Sequence[Merge], width: int) -> list[tuple[int, int]]:
    """First and last column of each name in a row of the header; the last may reach `width`."""
    merged = {m.left: m.right for m in merges if m.top <= line.number <= m.bottom}
    starts = [i for i, cell in enumerate(line.cells) if not _empty(cell)]
    out: list[tuple[int, int]] = []
    for k, start in enumerate(starts):
        following = starts[k + 1] if k + 1 < len(starts) else width
        end = merged.get(start)
        if end is None:
            # Text tables know no merged cells: what is empty to the right belongs to the name,
            # but in a sheet that merges cells it does not.
            end = start if merged else following - 1
        out.append((start, min(end, following - 1)))
    return out


def _named(
    rows: Sequence[Line], merges: Sequence[Merge], units: Sequence[Any] | None, reach: int
) -> tuple[str, ...]:
    """The columns' names: upper and lower part joined, the unit of a row of units in brackets."""
    width = max(reach, *(len(line.cells) for line in rows))
    bounded(width)
    names: list[str] = []
    spans = [_spans(line, merges, max(len(one.cells) for one in rows)) for line in rows]
    for column in range(width):
        parts: list[str] = []
        newest = 0
        for line, found in zip(rows, spans, strict=True):
            own = _text(line.cells[column]) if column < len(line.cells) else ""
            if not own and line is not rows[-1]:
                # A name spreads to its right as far as the names above it do.
                start = next((a for a, b in found if newest <= a < column <= b), None)
                own = _text(line.cells[start]) if start is not None else ""
            newest = max(newest, *(a for a, _ in found if a <= column), 0)
            if own and own not in parts:
                parts.append(own)
        name = JOINT.join(parts)
        unit = _text(units[column]) if units and column < len(units) else ""
        if unit and name and is_unit(unit) and "(" not in name:
            name = f"{name}({unit.strip('()（）')})"
        names.append(name)
    return unique(names)


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Field names, none twice and none empty, so that no column is lost."""
    out: dict[str, None] = {}
    for i, raw in enumerate(names):
        name = raw.strip() or f"column{i + 1}"
        while name in out:
            name = f"{name}_{i + 1}"
        out[name] = None
    return tuple(out)


def _feet(lines: Sequence[Line], after: int) -> Iterator[str]:
    for line in lines:
        if line.number > after:
            for text in _texts(line.cells):
                spelt = _spelt(text)
                if _FOOT.match(spelt) or _REMARK.match(spelt) or "坐标系" in spelt:
                    yield text


def _only_units(cells: Sequence[Any]) -> bool:
    written = [cell for cell in cells if not _empty(cell)]
    return bool(written) and all(isinstance(c, str) and is_unit(c) for c in written)


def all_words(cells: Sequence[Any]) -> bool:
    """Whether a row holds words and no number, as a header does."""
    return all(isinstance(c, str) and not _NUMBER.match(_spelt(c)) for c in cells if not _empty(c))


def _compared(cells: Sequence[Any], width: int) -> tuple[str, ...]:
    return tuple(_spelt(c) if not _empty(c) else "" for c in [*cells, *[None] * width][:width])


def _texts(cells: Sequence[Any]) -> Iterator[str]:
    return (_text(c) for c in cells if isinstance(c, str) and c.strip())


def _text(cell: Any) -> str:
    """A header's text on one line; a byte that is no letter as `\\xff`."""
    if _empty(cell):
        return ""
    text = " ".join(str(cell).replace("\x00", "").split())
    return text if text.isascii() else _RAW.sub(lambda c: f"\\x{ord(c[0]) & 0xFF:02x}", text)


def _spelt(cell: Any) -> str:
    return "".join(unicodedata.normalize("NFKC", str(cell)).casefold().split())


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _many(cells: Sequence[Any]) -> int:
    return sum(not _empty(cell) for cell in cells)


def _last(cells: Sequence[Any]) -> int:
    """How many columns a row reaches."""
    return next((i + 1 for i in range(len(cells) - 1, -1, -1) if not _empty(cells[i])), 0)
