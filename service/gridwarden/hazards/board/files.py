"""The board and the ledger as CSV and XLSX: the same numbers, in one language."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from fastapi import Response
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from gridwarden.hazards.board.asked import LEDGER
from gridwarden.hazards.board.indicators import HOURS
from gridwarden.words import say
from gridwarden.words.sheets import safe

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PERCENT: Final = "0.00%"
Rows = Sequence[Sequence[Any]]


def rankings_file(document: Mapping[str, Any], kind: str, lang: str) -> Response:
    """A line a group: place, score, each indicator with its n; the weights on another sheet."""
    codes = [one["code"] for one in document["definitions"]["indicators"]]
    heads = [say(f"board.column.{name}", lang) for name in ("rank", "group", "score", "class")]
    heads += [say("board.column.week", lang)]
    for code in codes:
        heads += [f"{code} {say(f'board.indicator.{code}', lang)}", f"{code} n"]
    rows = [_ranked(one, lang) for one in document["items"]]
    weights = [
        [
            *(one["code"], say(f"board.indicator.{one['code']}", lang), one["weight"]),
            *(one["least_n"], say(f"board.direction.{one['direction']}", lang), one["confidence"]),
        ]
        for one in document["definitions"]["indicators"]
    ]
    weight_heads = [
        say(f"board.column.{name}", lang)
        for name in ("code", "indicator", "weight", "least_n", "direction", "confidence")
    ]
    name = f"board-{document['by']}-{document['day']}"
    sheets = [(say("board.title", lang), heads, rows)]
    if kind == "xlsx":
        sheets.append((say("board.weights", lang), weight_heads, weights))
    return _answer(sheets, name, kind)


def _ranked(one: Mapping[str, Any], lang: str) -> list[Any]:
    change = None
    if one["rank"] is not None and one["rank_before"] is not None:
        change = one["rank_before"] - one["rank"]
    grade = one["class"]["words"] if one["class"] else say("board.no_score", lang)
    row = [one["rank"], one["name"], one["score"], grade, change]
    for found in one["indicators"]:
        row += [found["value"], found["n"]]
    return row


def ledger_file(
    items: Iterable[Mapping[str, Any]], since: date, until: date, kind: str, lang: str
) -> Response:
    """A line a class and day."""
    heads = [say(f"board.column.{name}", lang) for name in ("day", "group", "grade", *LEDGER)]
    rows = [
        [one["day"], one["name"], say(f"board.grade.{one['grade'] or 'none'}", lang)]
        + [one[name] for name in LEDGER]
        for one in items
    ]
    sheets = [(say("board.ledger", lang), heads, rows)]
    return _answer(sheets, f"ledger-{since}-{until}", kind)


def _answer(sheets: Sequence[tuple[str, list[str], Rows]], name: str, kind: str) -> Response:
    body = _book(sheets) if kind == "xlsx" else _text(*sheets[0][1:])
    media = XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(body, media_type=media, headers=headers | {"Cache-Control": "no-store"})


def _text(heads: Sequence[str], rows: Rows) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([safe(v) if isinstance(v, str) else v for v in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _book(sheets: Iterable[tuple[str, list[str], Rows]]) -> bytes:
    book = Workbook()
    first: Any = book.active
    for at, (title, heads, rows) in enumerate(sheets):
        sheet = first if at == 0 else book.create_sheet()
        sheet.title = title[:31]
        _fill(sheet, heads, rows)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, heads: Sequence[str], rows: Rows) -> None:
    sheet.append(list(heads))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "C2"
    for row in rows:
        sheet.append(list(row))
        for cell, head in zip(sheet[sheet.max_row], heads, strict=True):
            if isinstance(cell.value, str):
                cell.data_type = "s"  # a name is never run as a formula
            elif head.startswith("R") and not head.endswith(" n") and head.split()[0] not in HOURS:
                cell.number_format = PERCENT
