"""A list of cases as a workbook that people edit in Excel or WPS and bring back.

One sheet with the ledger's own headers, frozen and filtered; lists to choose from in the cells of
grade, organisations and acts; three hidden columns, which tell on its return what each row was when
it went out. Cells that are not to be edited are grey. The sheet is not locked: a locked one can be
neither sorted nor filtered in older programs, and what is changed in grey cells is refused by name.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from gridwarden.hazards.bulk.columns import (
    COLUMNS,
    GRADES,
    Column,
    Names,
    category_said,
    mark,
    title_of,
)
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.words import say
from gridwarden.words.sheets import guarded

MAX_CELL: Final = 32_767
HIDDEN: Final = ("id", "version", "base")
ACT: Final = "act"
NOTE: Final = "note"
LISTS: Final = "lists"
_LINE: Final = Side(style="thin", color="D5DBE1")
_GREY: Final = PatternFill("solid", fgColor="F0F2F4")
_HEAD: Final = PatternFill("solid", fgColor="DCE6F1")
_TEXT: Final = "@"


def written(
    cases: Iterable[Mapping[str, Any]],
    lang: str,
    names: Names,
    acts: Sequence[str],
    told: str,
) -> bytes:
    """The workbook. `acts`: those that its reader may do at all; `told` goes to its properties."""
    book = Workbook()
    sheet: Worksheet = book.active  # type: ignore[assignment]
    sheet.title = say("bulk.sheet.title", lang)[:31]
    book.properties.title, book.properties.description = sheet.title, told
    heads = [c.title(lang) for c in COLUMNS]
    heads += [title_of(name, lang) for name in (ACT, NOTE)] + list(HIDDEN)
    sheet.append(heads)
    rows = 1
    for case in cases:
        rows += 1
        _row(sheet, rows, case, lang, names)
    _shape(sheet, rows, len(heads), lang)
    _choices(book, sheet, rows, lang, names, acts)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _row(sheet: Worksheet, at: int, case: Mapping[str, Any], lang: str, names: Names) -> None:
    shown = [_cell(names.said(column, case, lang)) for column in COLUMNS]
    marks = {c.name: mark(text) for c, text in zip(COLUMNS, shown, strict=True)}
    base = json.dumps({"lang": lang, "marks": marks}, separators=(",", ":"))
    for i, text in enumerate(
        [*shown, "", "", str(case["id"]), str(case["version"]), base], start=1
    ):
        cell = sheet.cell(at, i)
        column = COLUMNS[i - 1] if i <= len(COLUMNS) else None
        if text:
            cell.value = text
            cell.data_type = "s"  # never a formula
            cell.quotePrefix = guarded(text)
        cell.number_format = _TEXT
        cell.border = Border(bottom=_LINE)
        cell.alignment = Alignment(vertical="top", wrap_text=_wraps(column))
        if column is not None and not column.edited:
            cell.fill = _GREY


def _cell(text: str) -> str:
    """A text as a cell can hold it."""
    return ILLEGAL_CHARACTERS_RE.sub("", text)[:MAX_CELL]


def _wraps(column: Column | None) -> bool:
    return column is not None and column.width >= 30


def _shape(sheet: Worksheet, rows: int, width: int, lang: str) -> None:
    """Header, widths, frozen panes, the filter, hidden columns, and how it prints."""
    widths = [c.width for c in COLUMNS] + [14, 30] + [4] * len(HIDDEN)
    for i, wide in enumerate(widths, start=1):
        head, letter = sheet.cell(1, i), get_column_letter(i)
        head.font, head.fill = Font(bold=True), _HEAD
        head.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.column_dimensions[letter].width = wide
        sheet.column_dimensions[letter].hidden = i > width - len(HIDDEN)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(width - len(HIDDEN))}{rows}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 8  # A3
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]


def _choices(
    book: Workbook, sheet: Worksheet, rows: int, lang: str, names: Names, acts: Sequence[str]
) -> None:
    """Lists to choose from, on a hidden sheet: in a cell itself they may hold 255 letters."""
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    kinds: dict[str, list[str]] = {
        "grade": [say(f"severity.{grade}", lang) for grade in GRADES],
        "category": [category_said(one, lang) for one in CATEGORIES],
        "name": sorted(set(names.orgs.values())),
        ACT: [say(f"hazards.act.{act}", lang) for act in acts],
    }
    of = [c.kind if c.edited else "" for c in COLUMNS] + [ACT, ""]
    for at, (kind, values) in enumerate(kinds.items(), start=1):
        if not values or rows < 2:
            continue
        letter = get_column_letter(at)
        for i, value in enumerate(values, start=1):
            lists.cell(i, at, value).data_type = "s"
        choice = DataValidation(
            type="list",
            formula1=f"{LISTS}!${letter}$1:${letter}${len(values)}",
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=say("bulk.sheet.title", lang),
            error=say("bulk.sheet.choose", lang),
        )
        sheet.add_data_validation(choice)
        for i, wanted in enumerate(of, start=1):
            if wanted == kind:
                choice.add(f"{get_column_letter(i)}2:{get_column_letter(i)}{rows}")
