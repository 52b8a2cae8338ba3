"""Workbooks: what their cells show, their sheets, merged cells, hidden rows; and spoilt ones."""

import random
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from gridwarden.words.problems import Problem
from intake.test_sheets import UGLY, book, read, whole


def test_a_workbook_s_sheets_are_its_layers(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    first = made.active
    assert isinstance(first, Worksheet)
    first.title = "充电棚"
    first.append(["编号", "经度", "纬度"])
    first.append(["S1", 114.3, 30.5])
    made.create_sheet("空表")
    hidden = made.create_sheet("字典")
    hidden.append(["代码", "名称"])
    hidden.sheet_state = "hidden"
    made.save(tmp_path / "one.xlsx")
    source = read(tmp_path / "one.xlsx")
    assert source.layer == "充电棚"
    assert "hidden_sheets:字典" in source.notes
    made.create_sheet("工地").append(["编号", "经度", "纬度"])
    made.save(tmp_path / "two.xlsx")
    with pytest.raises(Problem) as several:
        read(tmp_path / "two.xlsx")
    assert "充电棚, 工地" in several.value.said("zh")
    assert read(tmp_path / "two.xlsx", from_layer="工地").layer == "工地"


def test_cells_are_what_the_sheet_shows(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["编号", "开工日期", "更新时间", "数量", "是否", "电话", "备注"])
    sheet.append(["1", datetime(2026, 3, 5), datetime(2026, 3, 5, 8, 30), 12, True, 2787654321, ""])
    sheet.append(["2", 46086, "x", 1.50, False, "02787654321", "=B3+1"])
    sheet["B3"].number_format = 'yyyy"年"m"月"d"日"'
    sheet["G2"].font = Font(bold=True)
    made.save(tmp_path / "v.xlsx")
    batch = whole(read(tmp_path / "v.xlsx"))
    assert batch.columns["开工日期"] == [date(2026, 3, 5), date(2026, 3, 5)]
    assert batch.columns["更新时间"] == [datetime(2026, 3, 5, 8, 30), "x"]
    assert batch.columns["数量"] == [12, 1.5]
    assert batch.columns["是否"] == [True, False]
    assert batch.columns["电话"] == [2787654321, "02787654321"]
    # openpyxl saves formulas without their results
    assert {i: t.reason for i, t in batch.troubles.items()} == {1: "formula_without_value"}


def test_a_merged_cell_s_value_stands_in_every_row_that_it_covers(tmp_path: Path) -> None:
    rows = [
        ["编号", "施工单位", "经度", "纬度"],
        ["1", "甲建", 114.3, 30.5],
        ["2", None, 114.3, 30.5],
        ["3", None, 114.3, 30.5],
        ["4", "乙建", 114.3, 30.5],
    ]
    batch = whole(read(book(tmp_path / "m.xlsx", rows, merge="B2:B3")))
    assert batch.columns["施工单位"] == ["甲建", "甲建", None, "乙建"]


def test_rows_that_a_filter_hides_are_read_and_told(tmp_path: Path) -> None:
    made = book(
        tmp_path / "h.xlsx", [["编号", "经度", "纬度"], ["1", 114.3, 30.5], ["2", 114.3, 30.6]]
    )
    opened = openpyxl.load_workbook(made)
    opened["Sheet1"].row_dimensions[2].hidden = True
    opened.save(made)
    batch = whole(read(made))
    assert batch.columns["编号"] == ["1", "2"]
    assert batch.passed_over == {2: "hidden_row"}


def parts(path: Path, **changed: bytes) -> Path:
    """A workbook with parts of it replaced, by the end of their names without the suffix."""
    with zipfile.ZipFile(path) as old:
        kept = {name: old.read(name) for name in old.namelist()}
    for end, content in changed.items():
        (name,) = (name for name in kept if name.endswith(f"{end}.xml"))
        kept[name] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in kept.items():
            new.writestr(name, content)
    return path


NAMESPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def cells(rows: bytes, before: bytes = b"") -> bytes:
    return (
        b'<?xml version="1.0"?>' + before + b"<worksheet " + NAMESPACE + b">"
        b'<dimension ref="A1:XFD1048576"/><sheetData>' + rows + b"</sheetData></worksheet>"
    )


def test_a_sheet_that_claims_a_million_rows_costs_those_that_are_there(tmp_path: Path) -> None:
    """Whole columns were formatted: the dimension and a million empty rows say nothing."""
    made = book(tmp_path / "wide.xlsx", [["编号", "经度", "纬度"]])
    head = b"".join(
        b'<c r="%s1" t="inlineStr"><is><t>%s</t></is></c>' % (c, name.encode())
        for c, name in ((b"A", "编号"), (b"B", "经度"), (b"C", "纬度"))
    )
    far = b'<row r="1048576"><c r="A1048576"><v>7</v></c><c r="B1048576"><v>114.3</v></c>'
    far += b'<c r="C1048576"><v>30.5</v></c><c r="XFD1048576" s="1"/></row>'
    parts(made, sheet1=cells(b'<row r="1">' + head + b"</row>" + far))
    batch = whole(read(made))
    assert list(batch.numbers) == [1_048_576]
    assert batch.columns["编号"] == [7]


@pytest.mark.parametrize(
    "content",
    [
        cells(
            b'<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>',
            b'<!DOCTYPE w [<!ENTITY a "x">]>',
        ),
        cells(
            b'<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>',
            b'<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        ),
        cells(b'<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>'),
        cells(
            b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
            + b"x" * (2 << 20)
            + b"</t></is></c></row>"
        ),
        b"<worksheet><sheetData><row>",
        b"\xff\xfe\x00nonsense",
    ],
)
def test_a_workbook_that_is_none_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    made = parts(book(tmp_path / "x.xlsx", [["编号"], ["1"]]), sheet1=content)
    with pytest.raises(Problem) as refused:
        list(read(made).batches())
    assert refused.value.kind in ("refused", "unreadable_file")


def test_an_old_workbook_is_asked_for_in_the_new_form(tmp_path: Path) -> None:
    made = tmp_path / "old.xls"
    made.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    with pytest.raises(Problem) as refused:
        read(made)
    assert refused.value.kind == "refused"
    assert ".xlsx" in refused.value.said("zh")


def test_a_workbook_with_any_bytes_changed_is_read_or_refused(tmp_path: Path) -> None:
    raw = book(tmp_path / "w.xlsx", UGLY, "工地").read_bytes()
    made, chance = tmp_path / "changed.xlsx", random.Random(5)
    refused = 0
    for _ in range(80):
        changed = bytearray(raw)
        for _ in range(chance.randint(1, 20)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        made.write_bytes(bytes(changed))
        try:
            for batch in read(made).batches():
                assert len(batch.numbers) == batch.size == len(batch.shapes)
        except Problem:
            refused += 1
    assert refused > 0
