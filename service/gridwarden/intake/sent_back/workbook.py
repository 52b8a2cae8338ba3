"""A workbook as it was, its rejected rows coloured, with a reason column at the end.

Only the sheet's own part and the styles are touched, and of the sheet only the cells of rejected
rows: what stands between is copied byte by byte, so that formulas with their values, formatting,
widths, pictures, other sheets and everything that no library knows come home as they left.
"""

import posixpath
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from gridwarden.intake.formats.ooxml import Package
from gridwarden.intake.sent_back.splicing import Splicer, Tag
from gridwarden.intake.sent_back.styles import CELL, HEAD, ROW, Styles
from gridwarden.intake.sent_back.telling import Reject, Table

WIDE: Final = 48
_REFERENCE: Final = re.compile(r"^([A-Z]{1,3})(\d{1,7})$")
MOST: Final = 32_000
"""Letters that a cell takes."""


def mark(source: Path, target: Path, sheet: str, table: Table) -> None:
    """Copy a workbook and mark one sheet of it.

    Raises Problem `refused` for a sheet that is not written in UTF-8, and what reading raises.
    """
    part = next(one for one in Package(source).sheets if one.name == sheet)
    with zipfile.ZipFile(source) as book, zipfile.ZipFile(target, "w") as out:
        named = {_spelt(item.filename): item for item in book.infolist()}
        chosen = named[_spelt(part.path)]
        styled = next((i for n, i in named.items() if n.endswith("/styles.xml")), None)
        styles = Styles(book.read(styled) if styled else b"")
        column = table.at
        if column is None:
            with book.open(chosen) as text:
                column = max(_last_column(text), len(table.fields))
        marker = _Marker(table, column, styles)
        for item in book.infolist():
            if item is styled:
                continue
            with book.open(item) as text, out.open(_like(item), "w", force_zip64=True) as to:
                if item is chosen:
                    marker.run(text, to)
                else:
                    shutil.copyfileobj(text, to, 1 << 20)
        if styled is not None:  # the last: which styles are needed, the sheet has told
            with out.open(_like(styled), "w") as to:
                to.write(styles.written())


def _spelt(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/")).lstrip("/").casefold()


def _like(item: zipfile.ZipInfo) -> zipfile.ZipInfo:
    kept = zipfile.ZipInfo(item.filename, item.date_time)
    kept.compress_type = zipfile.ZIP_DEFLATED
    kept.external_attr = item.external_attr
    return kept


def _last_column(text: IO[bytes]) -> int:
    """How many columns have a cell in some row."""
    most = column = 0

    def start(name: str, a: dict[str, str]) -> None:
        nonlocal most, column
        local = name.rpartition(":")[2]
        if local == "row":
            column = 0
        elif local == "c":
            column = _column(a.get("r", ""), column)
            most = max(most, column + 1)
            column += 1

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.ParseFile(text)
    return most


def _column(reference: str, otherwise: int) -> int:
    """The column of a cell's reference, from 0."""
    found = _REFERENCE.match(reference)
    if found is None:
        return otherwise
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _letters(column: int) -> str:
    out = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        out = chr(65 + rest) + out
    return out


class _Marker:
    """Writes one sheet anew, changing only what has to be."""

    def __init__(self, table: Table, column: int, styles: Styles) -> None:
        self.table, self.column, self.styles = table, column, styles
        self.rejects = table.rejects
        self.places = {name: i for i, name in enumerate(table.fields)}
        self.again = table.at is not None
        self.row = self.at = 0
        self.marked: frozenset[int] = frozenset()
        self.dropping = False
        self.widened = False

    def run(self, source: IO[bytes], target: IO[bytes]) -> None:
        """Copy the sheet from one stream to the other."""
        Splicer(source, target, self.start, self.end).run()

    def start(self, tag: Tag) -> bytes | None:
        """The bytes that stand for a start tag; None for those that are there."""
        local = tag.local
        if local == "row":
            return self._row(tag)
        if local == "c":
            return self._cell(tag)
        if local == "cols":
            return self._cols(tag)
        if local == "sheetData" and not self.widened:
            self.widened = True
            cols = f"<{tag.prefix}cols>{self._col(tag.prefix)}</{tag.prefix}cols>".encode()
            return cols + tag.raw
        if local == "dimension" and not self.again:
            begin = tag.attributes.get("ref", "A1").partition(":")[0]
            end = re.sub(r"^[A-Z]*", "", tag.attributes.get("ref", "A1").rpartition(":")[2])
            return tag.with_attribute("ref", f"{begin}:{_letters(self.column)}{end or 1}")
        return None

    def end(self, tag: Tag) -> bytes | None:
        """The bytes that stand for an end tag; None for those that are there."""
        if tag.local == "c" and self.dropping:
            self.dropping = False
            return b""
        if tag.local == "row":
            return self._reason(tag.prefix) + tag.raw
        if tag.local == "cols" and not self.widened:
            self.widened = True
            return self._col(tag.prefix).encode() + tag.raw
        return None

    def _row(self, tag: Tag) -> bytes | None:
        number = tag.attributes.get("r", "")
        self.row = int(number) if number.isdigit() else self.row + 1
        self.at = 0
        reject = self.rejects.get(self.row)
        self.marked = frozenset(self._troubled(reject)) if reject else frozenset()
        if reject is None and self.row != self.table.header_row:
            return None
        raw = re.sub(rb'\sspans="[^"]*"', b"", tag.raw)
        if raw.endswith(b"/>"):
            close = f"</{tag.prefix}row>".encode()
            return raw[:-2] + b">" + self._reason(tag.prefix) + close
        return raw

    def _troubled(self, reject: Reject) -> Iterator[int]:
        """The columns that a row's troubles are about."""
        for name in (*reject.columns, *(self.table.places if reject.place else ())):
            if name in self.places:
                yield self.places[name]

    def _cell(self, tag: Tag) -> bytes | None:
        column = _column(tag.attributes.get("r", ""), self.at)
        self.at = column + 1
        if self.again and column == self.column and self.row >= self.table.header_row:
            if not tag.empty:
                self.dropping = True
                tag.drop()
            return b""
        style = int(tag.attributes.get("s", "0"))
        if self.row in self.rejects:
            style = self.styles.filled(style, CELL if column in self.marked else ROW)
        elif self.again:
            style = self.styles.bare(style)
        else:
            return None
        return tag.with_attribute("s", str(style))

    def _reason(self, prefix: str) -> bytes:
        words = self.table.reason if self.row == self.table.header_row else ""
        kind = HEAD
        if self.row in self.rejects:
            words, kind = self.rejects[self.row].words[:MOST], ROW
        if not words:
            return b""
        style = self.styles.filled(0, kind)
        p, where = prefix, f"{_letters(self.column)}{self.row}"
        return (
            f'<{p}c r="{where}" s="{style}" t="inlineStr"><{p}is>'
            f'<{p}t xml:space="preserve">{escape(_storable(words))}</{p}t></{p}is></{p}c>'
        ).encode()

    def _cols(self, tag: Tag) -> bytes | None:
        if tag.empty:
            self.widened = True
        return None

    def _col(self, prefix: str) -> str:
        n = self.column + 1
        return f'<{prefix}col min="{n}" max="{n}" width="{WIDE}" customWidth="1"/>'


def _storable(words: str) -> str:
    """XML has no letter for most control characters."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", words)
