"""Sheets as offices send them, as workbooks and as text: every row is what a person reads in it."""

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from gridwarden.intake.formats.batch import Batch
from gridwarden.intake.formats.positions import BadPositionError, coordinate
from gridwarden.intake.formats.source import open_source

LIMIT = 50 << 20


def read(path: Path, **options: Any) -> Any:
    room = path.parent / "room"
    room.mkdir(exist_ok=True)
    return open_source(path, path.name, room, LIMIT, **options)


def whole(source: Any) -> Batch:
    """The only batch of a small sheet."""
    (batch,) = source.batches()
    assert isinstance(batch, Batch)
    return batch


def by_number(batch: Batch) -> dict[int, tuple[Any, ...]]:
    """Row number → its position, or why it has none, with what the sheet shows."""
    out: dict[int, tuple[Any, ...]] = {}
    for i, number in enumerate(batch.numbers):
        trouble, shape = batch.troubles.get(i), batch.shapes[i]
        if trouble is not None:
            out[number] = (trouble.reason, trouble.column, trouble.value)
        else:
            out[number] = () if shape is None else (round(shape.x, 6), round(shape.y, 6))
    return out


def book(path: Path, rows: list[list[Any]], name: str = "Sheet1", merge: str = "") -> Path:
    """A workbook of one sheet; `merge` are areas, parted by spaces."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    sheet.title = name
    for row in rows:
        sheet.append(row)
    for area in merge.split():
        sheet.merge_cells(area)
    made.save(path)
    return path


def text(path: Path, rows: list[list[Any]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


UGLY: list[list[Any]] = [
    ["武汉东湖高新区建筑工地坐标一览表"],
    ["坐标系：2000国家大地坐标系", None, None, None, None, "单位：米"],
    [],
    ["序号", "编号", "坐标", None, "开工日期", "施工单位", "备注"],
    [None, None, "经度", "纬度", None, None, None],
    [1, "Ｇ－０１", "114°24′36.5″", "30°30′12.4″", "2026-3-5", "甲建", "临街"],
    ["２", "G-02", "114 24 36.5", "30 30 12.4", "2026年3月5日", "甲建", None],
    [3, "G-03", "１１４．４１", "３０．５０", "2026.03.05", "乙建", "/"],
    [4, "G-04", "见图", "见图", "20260305", "乙建", None],
    [5, "G-05", "#REF!", 30.5, "2026/3/5", "乙建", None],
    [],
    [6, "G-06", "-", "—", "3/5/2026", "丙建", None],
    [7, "G-07", "114°61′36.5″", "30°30′", "2026-3-5", "丙建", None],
    [8, "G-08", 1142436.5, 303012.4, "2026-3-5", "丙建", None],
    ["序号", "编号", "坐标", None, "开工日期", "施工单位", "备注"],
    [9, "G-09", "N30°30′12″", "E114°24′36″", "2026-3-5", "丙建", None],
    ["合　计", None, None, None, None, "9处", None],
    ["填表人：张三", None, "审核：李四", None, "日期：2026年3月6日"],
    ["注：以上坐标由施工单位提供"],
]
EXPECTED: dict[int, tuple[Any, ...]] = {
    6: (114.410139, 30.503444),
    7: (114.410139, 30.503444),
    8: (114.41, 30.5),
    9: ("see_drawing", "坐标·经度", "见图"),
    10: ("spreadsheet_error", "坐标·经度", "#REF!"),
    12: (),
    13: ("bad_angle", "坐标·经度", "114°61′36.5″"),
    14: (114.410139, 30.503444),
    16: ("other_axis", "坐标·经度", "N30°30′12″"),
}


@pytest.mark.parametrize("kind", ["xlsx", "utf-8", "gbk", "utf-16"])
def test_every_row_of_an_ugly_sheet_is_what_a_person_reads(tmp_path: Path, kind: str) -> None:
    if kind == "xlsx":
        areas = "A1:G1 C4:D4 A4:A5 B4:B5 E4:E5 F4:F5 G4:G5 C15:D15"
        made = book(tmp_path / "工地.xlsx", UGLY, "工地", areas)
    else:
        delimiter = "\t" if kind == "utf-16" else ","
        made = text(tmp_path / "工地.csv", UGLY, kind.replace("gbk", "gb18030"), delimiter)
    source = read(made)
    assert source.fields == (
        "序号",
        "编号",
        "坐标·经度",
        "坐标·纬度",
        "开工日期",
        "施工单位",
        "备注",
    )
    assert (source.claim.system, source.claim.because) == ("EPSG:4490", "title_row")
    assert source.claim.detail == "坐标系：2000国家大地坐标系"
    assert "header_in_row:4, 5" in source.notes
    batch = whole(source)
    assert by_number(batch) == EXPECTED
    assert batch.passed_over == {
        15: "header_again",
        17: "total_row",
        18: "foot_row",
        19: "foot_row",
    }
    assert batch.columns["编号"][0] == "Ｇ－０１"
    assert batch.columns["施工单位"][-1] == "丙建"


def test_a_plain_table_s_rows_have_the_numbers_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    made = tmp_path / "a.csv"
    made.write_text("id,lon,lat\n\n1,114.3,30.5\n,,\n2,114.4,30.6\n", "utf-8")
    batch = whole(read(made))
    assert list(batch.numbers) == [3, 5]
    assert batch.columns["id"] == ["1", "2"]
    assert batch.passed_over == {}


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_units_stand_beside_the_names_or_in_a_row_of_their_own(tmp_path: Path, kind: str) -> None:
    rows = [
        ["管段编号", "管径", "埋深", "起点坐标", "", "终点坐标", ""],
        ["", "", "", "X", "Y", "X", "Y"],
        ["", "mm", "m", "m", "m", "m", "m"],
        ["P1", 219, 1.5, 3375000.0, 524000.0, 3375010.0, 524010.0],
    ]
    made = (book if kind == "xlsx" else text)(tmp_path / f"p.{kind}", rows)
    source = read(made)
    assert source.fields == (
        "管段编号",
        "管径(mm)",
        "埋深(m)",
        "起点坐标·X(m)",
        "起点坐标·Y(m)",
        "终点坐标·X(m)",
        "终点坐标·Y(m)",
    )
    # the ends of a line are not the place of its row
    assert source.places == set()
    assert list(whole(source).numbers) == [4]


PLANE = [["1", 3375214.513, 524365.102], ["2", 3375220.0, 524370.0]]


@pytest.mark.parametrize(
    ("title", "names", "system", "because", "north_first", "first"),
    [
        ("", ["X", "Y"], "plane", "xy_columns", None, 3375214.513),
        ("", ["X坐标(m)", "Y坐标(m)"], "plane", "xy_columns", None, 3375214.513),
        ("", ["X(北)", "Y(东)"], "plane", "east_north_columns", False, 524365.102),
        ("", ["纵坐标X", "横坐标Y"], "plane", "east_north_columns", False, 524365.102),
        ("", ["northing", "easting"], "plane", "east_north_columns", False, 524365.102),
        (
            "CGCS2000 3度带 中央子午线114",
            ["北坐标", "东坐标"],
            "EPSG:4547",
            "title_row",
            False,
            524365.102,
        ),
        ("2000国家大地坐标系，38带", ["X", "Y"], "EPSG:4547", "title_row", None, 3375214.513),
        ("1954北京坐标系", ["X", "Y"], "EPSG:4214", "title_row", None, 3375214.513),
        ("西安80坐标系 3度带", ["X", "Y"], "EPSG:4610", "title_row", None, 3375214.513),
        ("XX市独立坐标系", ["X", "Y"], "plane", "title_local", None, 3375214.513),
        ("百度大厦基坑周边管线", ["X", "Y"], "plane", "xy_columns", None, 3375214.513),
        ("由北京54坐标转换为CGCS2000", ["X", "Y"], "plane", "title_several", None, 3375214.513),
        (
            "独立坐标系，与CGCS2000关系见附表",
            ["X", "Y"],
            "plane",
            "title_several",
            None,
            3375214.513,
        ),
        ("武汉2000坐标系，38带", ["X", "Y"], "plane", "title_local", None, 3375214.513),
        ("坐标系：上海2000 中央子午线114°", ["X", "Y"], "plane", "title_local", None, 3375214.513),
        ("光谷2000坐标系", ["X", "Y"], "plane", "title_local", None, 3375214.513),
        ("WH2000坐标系", ["X", "Y"], "plane", "title_local", None, 3375214.513),
        ("武汉市管线，国家2000，38带", ["X", "Y"], "EPSG:4547", "title_row", None, 3375214.513),
        ("武汉2000国家大地坐标系，38带", ["X", "Y"], "EPSG:4547", "title_row", None, 3375214.513),
        ("成果表（采用2000坐标系，38带）", ["X", "Y"], "EPSG:4547", "title_row", None, 3375214.513),
        ("上海2000米管线", ["X", "Y"], "plane", "xy_columns", None, 3375214.513),
    ],
)
def test_headers_and_titles_say_whose_metres_these_are(
    tmp_path: Path,
    title: str,
    names: list[str],
    system: str,
    because: str,
    north_first: bool | None,
    first: float,
) -> None:
    rows = [*([[title]] if title else []), ["点号", *names], *PLANE]
    source = read(text(tmp_path / "p.csv", rows))
    claim = source.claim
    assert (claim.system, claim.because, claim.north_first) == (system, because, north_first)
    assert whole(source).shapes[0].x == first


def test_an_easting_with_its_zone_takes_the_code_that_has_the_number_in_it(tmp_path: Path) -> None:
    title = "CGCS2000 3度带 中央子午线114"
    rows = [[title], ["点号", "X", "Y"], ["1", 3375214.513, 38524365.102]]
    assert read(text(tmp_path / "p.csv", rows)).claim.system == "EPSG:4526"
    own = [["CGCS2000 中央子午线114°20′"], ["点号", "X", "Y"], *PLANE]
    system = read(text(tmp_path / "q.csv", own)).claim.system
    assert "114.33333" in system
    assert "China" in system


@pytest.mark.parametrize(
    ("names", "title", "system", "because"),
    [
        (["经度", "纬度"], "", "degrees", "lonlat_columns"),
        (["gcj_lon", "gcj_lat"], "", "gcj02", "header"),
        (["百度经度", "百度纬度"], "WGS84", "bd09", "header"),
        (["经度(WGS84)", "纬度(WGS84)"], "", "EPSG:4326", "header"),
        (["gps_lon", "gps_lat"], "", "degrees", "lonlat_columns"),
        (["GPS经度", "GPS纬度"], "GPS坐标", "degrees", "lonlat_columns"),
        (["经度", "纬度"], "由WGS84转高德坐标", "degrees", "title_several"),
        (["东经", "北纬"], "本表为高德坐标", "gcj02", "title_row"),
    ],
)
def test_headers_and_titles_say_whose_degrees_these_are(
    tmp_path: Path, names: list[str], title: str, system: str, because: str
) -> None:
    rows = [*([[title]] if title else []), ["名称", *names], ["甲", 114.3, 30.5]]
    source = read(text(tmp_path / "p.csv", rows))
    assert (source.claim.system, source.claim.because) == (system, because)
    assert source.places == set(names)


def test_of_two_pairs_the_one_whose_system_is_told_is_the_place(tmp_path: Path) -> None:
    rows = [["名称", "经度", "纬度", "wgs84_lon", "wgs84_lat"], ["甲", 114.31, 30.51, 114.3, 30.5]]
    source = read(text(tmp_path / "p.csv", rows))
    assert source.places == {"wgs84_lon", "wgs84_lat"}
    assert whole(source).columns["经度"] == ["114.31"]


def test_a_full_width_comma_parts_a_line_only_where_nothing_else_does(tmp_path: Path) -> None:
    made = tmp_path / "w.txt"
    made.write_text("编号，经度，纬度，备注\n1，114.3，30.5，a,b\n", "utf-8")
    assert whole(read(made)).columns["备注"] == ["a,b"]
    made.write_text("编号,经度,纬度,备注\n1,114.3,30.5,甲，乙\n", "utf-8")
    assert whole(read(made)).columns["备注"] == ["甲，乙"]


@pytest.mark.parametrize("shown", ["#REF!", "#N/A", "#DIV/0!", "＃ＲＥＦ！", "########"])
def test_what_a_spreadsheet_shows_for_an_error_is_no_value(tmp_path: Path, shown: str) -> None:
    rows = [["编号", "经度", "纬度", "状态"], ["1", 114.3, 30.5, shown], ["2", 114.3, 30.5, "# 1"]]
    for made in (text(tmp_path / "e.csv", rows), book(tmp_path / "e.xlsx", rows)):
        batch = whole(read(made))
        assert {i: t.reason for i, t in batch.troubles.items()} == {0: "spreadsheet_error"}


def test_letters_that_nobody_can_keep_are_told_in_a_column_s_name(tmp_path: Path) -> None:
    made = tmp_path / "n.csv"
    made.write_bytes(b"id,a\xff\x00b,lon,lat\n1,x,114.3,30.5\n")
    assert read(made, encoding="utf-8").fields == ("id", "a\\xffb", "lon", "lat")


SPELLINGS = (
    "{d}°{m}′{s:.6f}″E",
    "{d}度{m}分{s:.6f}秒",
    "东经{d}°{m}'{s:.6f}\"",
    "{d} {m} {s:.6f}",
    "{d}:{m:02}:{s:09.6f}",
    "{d}-{m}-{s:.6f}",
    "E {d}° {m}' {s:.6f}''",
)


@given(
    st.integers(73, 135), st.integers(0, 59), st.integers(0, 59_999_999), st.sampled_from(SPELLINGS)
)
def test_degrees_minutes_and_seconds_are_read_however_they_are_spelt(
    d: int, m: int, micro: int, spelling: str
) -> None:
    seconds = micro / 1e6
    found = coordinate(spelling.format(d=d, m=m, s=seconds), "lon")
    assert found == pytest.approx(d + m / 60 + seconds / 3600, abs=1e-9)


@given(st.text(max_size=30), st.sampled_from(("lon", "lat", "plane")))
def test_any_text_is_a_coordinate_or_a_reason(written: str, axis: Any) -> None:
    try:
        found = coordinate(written, axis)
    except BadPositionError as bad:
        assert bad.reason.isidentifier()
    else:
        assert found is None or abs(found) < float("inf")
