"""The parts of an .xlsx that a reader of tables needs, streamed: sheets, strings, dates, cells.

Read here rather than by a library, because offices' programs write what libraries refuse (odd
styles, part names in other letters, dimensions of a million empty rows), and because nothing may
be held but one row. A workbook has no document type: one that declares any is refused, so no
entity is ever expanded and nothing outside is read.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from gridwarden.intake.formats.layout import Line, Merge
from gridwarden.intake.formats.ooxml_rows import (
    CELL,
    Attributes,
    Rows,
    broken,
    column_of,
    unescaped,
    whole,
)
from gridwarden.words.problems import Problem

CHUNK: Final = 1 << 16
MAX_PART: Final = 4 << 20
"""Bytes of a part that lists things: sheets, relations."""
MAX_STYLES: Final = 64 << 20
MAX_STRINGS: Final = 512 << 20
MAX_SHEET: Final = 8 << 30
MAX_MERGES: Final = 200_000
_CHINESE_DATES: Final = frozenset((*range(27, 37), *range(50, 59)))
"""Built-in formats of dates and times that only East Asian editions number so."""
_MERGED: Final = re.compile(rb'mergeCell [^>]*?ref="([A-Z]{1,3}\d{1,7}):([A-Z]{1,3}\d{1,7})"')


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One sheet of a workbook: its name, where it lies in the package, whether it is shown."""

    name: str
    path: str
    hidden: bool


class Package:
    """A workbook, opened. Raises Problem `unreadable_file`, `refused`, `too_large`."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
            self._parts = {_spelt(i.filename): i for i in self._zip.infolist()}
            self.sheets, self.epoch_1904 = self._book()
        except (zipfile.BadZipFile, KeyError, ValueError, OSError, RuntimeError) as error:
            raise broken() from error
        self._strings: list[str] | None = None
        self._dates: frozenset[int] | None = None

    def lines(self, sheet: SheetPart) -> Iterator[Line]:
        """The rows of a sheet that have a value, with the values of their cells."""
        epoch = CALENDAR_MAC_1904 if self.epoch_1904 else CALENDAR_WINDOWS_1900
        rows = Rows(self.strings, self.dates, epoch)
        with self._open(sheet.path, MAX_SHEET) as source:
            for _ in _fed(source, rows.start, rows.end, rows.text):
                yield from rows.taken()
        yield from rows.taken()

    def merges(self, sheet: SheetPart) -> list[Merge]:
        """The merged areas of a sheet. They stand behind its rows, so its bytes are run through."""
        found: list[Merge] = []
        tail = b""
        with self._open(sheet.path, MAX_SHEET) as source:
            while chunk := _read(source):
                text = tail + chunk
                end = 0
                for match in _MERGED.finditer(text):
                    merge = _merge(match[1].decode("ascii"), match[2].decode("ascii"))
                    if merge is not None and len(found) < MAX_MERGES:
                        found.append(merge)
                    end = match.end()
                tail = text[max(end, len(text) - 400) :]
        return found

    @property
    def strings(self) -> list[str]:
        """The texts that cells point to."""
        if self._strings is None:
            self._strings = self._shared()
        return self._strings

    @property
    def dates(self) -> frozenset[int]:
        """The cell styles that show a number as a day or a time."""
        if self._dates is None:
            self._dates = self._date_styles()
        return self._dates

    def _open(self, path: str, limit: int) -> IO[bytes]:
        part = self._parts[_spelt(path)]
        if part.file_size > limit:
            raise Problem("too_large", "intake.archive_too_large", field="file")
        try:
            return self._zip.open(part)
        except (zipfile.BadZipFile, RuntimeError, OSError, EOFError) as error:
            raise broken() from error

    def _book(self) -> tuple[list[SheetPart], bool]:
        """The sheets in their order, and whether days are counted from 1904."""
        roots = self._relations("_rels/.rels", "")
        book = next((t for _, kind, t in roots if kind == "officeDocument"), "xl/workbook.xml")
        folder, name = posixpath.split(book)
        targets = {
            i: (kind, target)
            for i, kind, target in self._relations(f"{folder}/_rels/{name}.rels", folder)
        }
        sheets: list[SheetPart] = []
        dated: list[bool] = []

        def start(tag: str, a: Attributes) -> None:
            if tag == "sheet":
                related = next((v for k, v in a.items() if _local(k) == "id"), "")
                kind, target = targets.get(related, ("", ""))
                if kind == "worksheet" and _spelt(target) in self._parts:
                    hidden = a.get("state", "visible") != "visible"
                    sheets.append(SheetPart(a.get("name", ""), target, hidden))
            elif tag == "workbookPr":
                dated.append(a.get("date1904", "0") in ("1", "true"))

        self._walk(book, MAX_PART, start)
        return sheets, any(dated)

    def _relations(self, path: str, folder: str) -> list[tuple[str, str, str]]:
        """The relations of a part: id, kind, where it lies."""
        out: list[tuple[str, str, str]] = []

        def start(tag: str, a: Attributes) -> None:
            if tag == "Relationship" and a.get("TargetMode") != "External":
                target = a.get("Target", "").replace("\\", "/")
                whole = target[1:] if target.startswith("/") else posixpath.join(folder, target)
                kind = a.get("Type", "").rsplit("/", 1)[-1]
                out.append((a.get("Id", ""), kind, posixpath.normpath(whole)))

        if _spelt(path) in self._parts:
            self._walk(path, MAX_PART, start)
        return out

    def _date_styles(self) -> frozenset[int]:
        codes: dict[int, str] = {}
        styles: list[int] = []
        inside: list[bool] = [False]

        def start(tag: str, a: Attributes) -> None:
            if tag == "numFmt":
                codes[whole(a.get("numFmtId"), 0)] = a.get("formatCode", "")
            elif tag in ("cellXfs", "cellStyleXfs"):
                inside[0] = tag == "cellXfs"
            elif tag == "xf" and inside[0]:
                styles.append(whole(a.get("numFmtId"), 0))

        path = self._beside("styles")
        if path is None:
            return frozenset()
        self._walk(path, MAX_STYLES, start)
        return frozenset(i for i, number in enumerate(styles) if _shows_date(number, codes))

    def _shared(self) -> list[str]:
        out: list[str] = []
        parts: list[str] = []
        state = {"text": False, "aside": False}

        def start(tag: str, _: Attributes) -> None:
            if tag == "si":
                parts.clear()
            elif tag == "rPh":
                state["aside"] = True
            elif tag == "t":
                state["text"] = not state["aside"]

        def end(tag: str) -> None:
            if tag == "si":
                out.append(unescaped("".join(parts)))
            elif tag == "rPh":
                state["aside"] = False
            elif tag == "t":
                state["text"] = False

        def text(data: str) -> None:
            if state["text"]:
                parts.append(data)

        path = self._beside("sharedStrings")
        if path is not None:
            self._walk(path, MAX_STRINGS, start, end, text)
        return out

    def _beside(self, name: str) -> str | None:
        """A part of the package by its usual name, wherever it lies."""
        return next((p for p in self._parts if p.endswith(f"/{name.casefold()}.xml")), None)

    def _walk(
        self,
        path: str,
        limit: int,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        with self._open(path, limit) as source:
            for _ in _fed(source, start, end, text):
                pass


def _fed(
    source: IO[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None,
    text: Callable[[str], None] | None,
) -> Iterator[None]:
    """Feed a part to a parser that knows no document types; gives way after each portion."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _declared
    parser.EntityDeclHandler = _declared
    parser.StartElementHandler = lambda tag, a: start(_local(tag), a)
    if end is not None:
        parser.EndElementHandler = lambda tag: end(_local(tag))
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        while chunk := _read(source):
            parser.Parse(chunk, False)
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, IndexError) as error:
        raise broken() from error


def _declared(*_: Any) -> None:
    raise Problem("refused", "intake.declared_entities", field="file")


def _read(source: IO[bytes]) -> bytes:
    try:
        return source.read(CHUNK)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise broken() from error
    except Exception as error:  # zlib.error, lzma's and bz2's own
        raise broken() from error


def _local(tag: str) -> str:
    """A name without its prefix."""
    return tag.rpartition(":")[2]


def _spelt(path: str) -> str:
    return path.replace("\\", "/").lstrip("/").casefold()


def _merge(first: str, last: str) -> Merge | None:
    a, b = CELL.match(first), CELL.match(last)
    if a is None or b is None:
        return None
    merge = Merge(int(a[2]), int(b[2]), column_of(a[1]) - 1, column_of(b[1]) - 1)
    return merge if merge.top <= merge.bottom and merge.left <= merge.right else None


def _shows_date(number: int, codes: dict[int, str]) -> bool:
    if number in codes:
        return bool(is_date_format(codes[number]))
    return number in _CHINESE_DATES or bool(is_date_format(BUILTIN_FORMATS.get(number, "General")))
