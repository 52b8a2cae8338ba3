"""CSV and XLSX: a row a feature, machine names as headers, one point and the whole shape.

No text is run as a formula: a CSV guards it with an apostrophe (`words.sheets`), which importing
takes away again; a workbook holds it as text, marked as if typed with an apostrophe. The headers of
the point say whose coordinates they are (`wgs84_lon`, `gcj_lon`, `epsg4547_east`).
"""

import csv
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet._writer import ALL_TEMP_FILES, WorksheetWriter

from gridwarden.layers.export.rows import Asked, Rows, points, said, texts
from gridwarden.words.problems import Problem
from gridwarden.words.sheets import guarded, safe

WKT: Final = "wkt"
MAX_CELL: Final = 32_767
MAX_ROWS: Final = 1_048_575
"""Letters of a cell and rows below a header: what Excel reads."""
FIRST_DAY: Final = date(1900, 3, 1)
"""Excel counts days from here without its 29 February 1900; older ones are written as text."""
_UNWRITTEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\r\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def header(asked: Asked) -> list[str]:
    """The machine names of all columns."""
    names = [field.name for field in asked.content.fields]
    return names if asked.content.geometry == "none" else [*names, *asked.target.axes, WKT]


def _places(asked: Asked, some: Rows) -> Iterator[tuple[str | None, str | None, str | None]]:
    for point, text in zip(
        points(some.shapes, asked.target), texts(some.shapes, asked.target), strict=True
    ):
        x, y = point or (None, None)
        yield x, y, text


def write_csv(file: Path, asked: Asked, rows: Iterator[Rows]) -> None:
    """A CSV; Excel reads UTF-8 only when it begins with the mark."""
    encoding = "utf-8-sig" if asked.encoding == "utf-8" else asked.encoding
    with file.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header(asked))
        for some in rows:
            columns = [_plain(asked, field.type, c) for field, c in _by_field(asked, some)]
            if asked.content.geometry == "none":
                writer.writerows(zip(*columns, strict=True))
                continue
            for row, place in zip(zip(*columns, strict=True), _places(asked, some), strict=True):
                writer.writerow((*row, *place))


def _by_field(asked: Asked, some: Rows) -> Iterator[tuple[Any, Any]]:
    return zip(asked.content.fields, some.columns, strict=True)


def _plain(asked: Asked, kind: str, values: Any) -> list[str | None]:
    if kind in ("text", "json"):
        return [None if v is None else safe(v) for v in values]
    return [said(v, asked.zone) for v in values]


def write_xlsx(file: Path, asked: Asked, rows: Iterator[Rows]) -> None:
    """A workbook of one sheet, written row by row.

    Raises Problem `too_large` for more rows, or more text in a cell, than Excel reads.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(asked.content.name[:31])
    sheet.freeze_panes = "A2"
    with _beside(file, sheet):
        sheet.append([_heading(sheet, asked, i, name) for i, name in enumerate(header(asked))])
        done = 0
        for some in rows:
            done += len(some.ids)
            if done > MAX_ROWS:
                raise Problem("too_large", "export.too_many_rows", field="format", n=MAX_ROWS)
            for cells in _lines(sheet, asked, some):
                sheet.append(cells)
        if asked.copy is not None:
            book.properties.description = asked.copy.text
        book.save(file)


def _lines(sheet: WriteOnlyWorksheet, asked: Asked, some: Rows) -> Iterator[list[Any]]:
    for row, place in zip(zip(*some.columns, strict=True), _places(asked, some), strict=True):
        cells = [_cell(sheet, asked, value) for value in row]
        if asked.content.geometry != "none":
            cells += [*map(_number, place[:2]), _cell(sheet, asked, place[2])]
        yield cells


@contextmanager
def _beside(file: Path, sheet: WriteOnlyWorksheet) -> Iterator[None]:
    """Keep the sheet's rows beside `file`, for its owner alone, until the book is saved.

    openpyxl would keep them in /tmp, and leave them there where the book is not saved.
    """
    part = file.with_suffix(".sheet")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    ALL_TEMP_FILES.append(str(part))
    writer = WorksheetWriter(sheet, out=str(part))
    writer.write_top()
    vars(sheet)["_writer"] = writer
    try:
        yield
    except BaseException:
        with suppress(Exception):
            sheet.close()
        raise
    finally:
        part.unlink(missing_ok=True)
        with suppress(ValueError):
            ALL_TEMP_FILES.remove(str(part))


def _heading(sheet: WriteOnlyWorksheet, asked: Asked, at: int, name: str) -> Any:
    """A header: bold, with the words of both languages as its note."""
    cell = WriteOnlyCell(sheet, name)
    cell.font = Font(bold=True)
    if at < len(asked.content.fields):
        title = asked.content.fields[at].title
        cell.comment = Comment(f"{title.zh}\n{title.en}", "Gridwarden", height=60, width=200)
    return cell


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _cell(sheet: WriteOnlyWorksheet, asked: Asked, value: Any) -> Any:
    """A value as a cell. Numbers, truths and days stay what they are."""
    if isinstance(value, datetime) or (isinstance(value, date) and value < FIRST_DAY):
        value = said(value, asked.zone)
    if not isinstance(value, str):
        return value
    text = _UNWRITTEN.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
    if len(text) > MAX_CELL:
        raise Problem("too_large", "export.cell_too_long", field="format", n=MAX_CELL)
    if text[:1] not in "=#'+-@＝＋－＠\t\n":
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.quotePrefix = guarded(value)
    return cell
