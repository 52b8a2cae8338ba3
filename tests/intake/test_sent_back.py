"""Rejected rows go home in the sender's own file, and the mended file adds only those."""

import csv
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient
from openpyxl.styles import Font, PatternFill

from commands import run_command
from conftest import KeyMaker, owner
from gridwarden.intake.sent_back import marking
from gridwarden.intake.sent_back.styles import CELL, ROW
from gridwarden.intake.sent_back.telling import Reject, reject_of
from gridwarden.settings import Settings
from intake.conftest import Bring
from intake.makers import geojson, gpkg, point, polygon

Count = Callable[..., Any]
WORDS = "“高度”列：不是数字（原值“高”）。请只填阿拉伯数字，没有数据就留空。"
REASON = "Gridwarden: 原因"


def mark(tmp_path: Path, file: Path, rejects: dict[int, tuple[str, ...]], **asked: Any) -> Path:
    """Mark a file as the process does that is asked to."""
    folder = tmp_path / f"back-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    whole = {"from_layer": None, "encoding": None, "language": "zh", "limit_bytes": 1 << 28}
    whole |= {"file": str(file), "name": file.name, "as_read": {}, **asked}
    told = {n: Reject(n, f"原因{n}", columns, "地点" in columns) for n, columns in rejects.items()}
    return marking.marked(folder, whole, told)


def workbook(path: Path) -> Path:
    """As an office makes it: titles, joined headers, formats, a formula, a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "棚"
    sheet["A1"] = "充电棚台账（2026年）"
    sheet.merge_cells("A1:F1")
    sheet["A1"].font = Font(name="宋体", size=18, bold=True)
    sheet.append(["编号", "名称", "经度", "纬度", "places", "总价"])
    for i in range(6):
        sheet.append([f"s{i}", f"棚{i}", 114.3 + i / 1000, 30.5, 10 + i, f"=E{i + 3}*2"])
    sheet["C5"] = "见图"
    sheet["E5"] = "很多"
    sheet["B5"].fill = PatternFill("solid", fgColor="FF00FF00")
    sheet["B5"].font = Font(italic=True)
    sheet.column_dimensions["B"].width = 33.5
    sheet.row_dimensions[5].height = 40
    sheet.freeze_panes = "A3"
    other = book.create_sheet("说明")
    other["A1"] = "勿删"
    book.save(path)
    return path


def test_a_workbook_comes_home_as_it_was_with_the_cells_coloured(tmp_path: Path) -> None:
    made = mark(tmp_path, workbook(tmp_path / "a.xlsx"), {5: ("经度", "places")}, from_layer="棚")
    assert made.suffix == ".xlsx"
    sheet = openpyxl.load_workbook(made)["棚"]
    assert (sheet["G2"].value, sheet["G5"].value, sheet["G4"].value) == (REASON, "原因5", None)
    colours = {c: sheet[f"{c}5"].fill.fgColor.rgb for c in "ABCDE"}
    assert colours == {"A": ROW, "B": ROW, "C": CELL, "D": ROW, "E": CELL}
    assert sheet["B5"].font.italic and not sheet["A5"].font.italic
    assert sheet["A4"].fill.patternType is None
    assert sheet["A1"].font.size == 18 and "A1:F1" in [str(r) for r in sheet.merged_cells.ranges]
    assert sheet["F5"].value == "=E5*2"
    assert (sheet.column_dimensions["B"].width, sheet.row_dimensions[5].height) == (33.5, 40)
    assert (sheet.freeze_panes, sheet.column_dimensions["G"].width) == ("A3", 48)
    before, after = (zipfile.ZipFile(p) for p in (tmp_path / "a.xlsx", made))
    same = [n for n in before.namelist() if before.read(n) == after.read(n)]
    assert set(before.namelist()) - set(same) == {"xl/worksheets/sheet1.xml", "xl/styles.xml"}
    # Another time: one row is mended, another is bad; the column is written anew.
    again = mark(tmp_path, made, {7: ("名称", "地点")}, from_layer="棚")
    sheet = openpyxl.load_workbook(again)["棚"]
    told = [sheet[f"G{i}"].value for i in range(2, 9)]
    assert told == [REASON, None, None, None, None, "原因7", None]
    assert sheet["C5"].fill.patternType in (None, "none") and sheet["A7"].fill.fgColor.rgb == ROW
    assert [sheet[f"{c}7"].fill.fgColor.rgb for c in "BCD"] == [CELL] * 3
    assert sheet.max_column == 7


def test_a_workbook_of_another_program_is_written_with_its_own_prefixes(tmp_path: Path) -> None:
    """Prefixed names, single quotes, rows of one tag, numbers of cells left out, values kept."""
    source = workbook(tmp_path / "a.xlsx")
    odd = (
        "<?xml version='1.0'?><x:worksheet xmlns:x="
        "'http://schemas.openxmlformats.org/spreadsheetml/2006/main'><x:dimension ref='A1:C3'/>"
        "<x:sheetData><x:row><x:c t='inlineStr'><x:is><x:t>编号</x:t></x:is></x:c>"
        "<x:c t='inlineStr'><x:is><x:t>经度</x:t></x:is></x:c>"
        "<x:c t='inlineStr'><x:is><x:t>纬度</x:t></x:is></x:c></x:row>"
        "<x:row r='2' spans='1:3'><x:c r='A2'><x:v>7</x:v></x:c><x:c r='B2' s='0'/>"
        "<x:c r='C2'><x:f>1+1</x:f><x:v>2</x:v></x:c></x:row><x:row r='3'/></x:sheetData>"
        "<!-- <c> is no cell --></x:worksheet>"
    )
    path = tmp_path / "odd.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, odd if name.endswith("sheet1.xml") else old.read(name))
    made = mark(tmp_path, path, {2: ("经度",)}, from_layer="棚")
    text = zipfile.ZipFile(made).read("xl/worksheets/sheet1.xml").decode()
    assert "<x:f>1+1</x:f><x:v>2</x:v>" in text and "<!-- <c> is no cell -->" in text
    sheet = openpyxl.load_workbook(made)["棚"]
    assert (sheet["D1"].value, sheet["D2"].value) == (REASON, "原因2")
    assert (sheet["B2"].fill.fgColor.rgb, sheet["A2"].fill.fgColor.rgb) == (CELL, ROW)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_table_comes_home_letter_by_letter(tmp_path: Path, encoding: str) -> None:
    text = (
        '充电棚台账;;\r\n编号;名称;places;经度;纬度\r\na;"两行\r\n的名";1;114.3;30.5\r\n'
        'b;"引""号";很多;114.3;30.5\r\n\r\nc;短\r\n'
    )
    file = tmp_path / "a.csv"
    file.write_bytes(text.encode(encoding))
    made = mark(tmp_path, file, {4: ("places",), 6: ()})
    lines = made.read_bytes().decode(encoding)
    assert lines == (
        f'充电棚台账;;\r\n编号;名称;places;经度;纬度;{REASON}\r\na;"两行\r\n的名";1;114.3;30.5\r\n'
        'b;"引""号";很多;114.3;30.5;原因4\r\n\r\nc;短;;;;原因6\r\n'
    )
    again = mark(tmp_path, made, {3: ()})
    rows = list(csv.reader(again.read_bytes().decode(encoding).splitlines(True), delimiter=";"))
    assert [row[5:] for row in rows[1:]] == [[REASON], ["原因3"], [], [], []]


def test_a_header_of_two_rows_does_not_hide_our_column(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("编号,名称,坐标,\n,,经度,纬度\na,甲,114.3,30.5\nb,乙,114.3,30.5\n", "utf-8")
    made = mark(tmp_path, mark(tmp_path, file, {4: ()}), {3: ()})
    assert made.read_text("utf-8").splitlines()[1:] == [
        f",,经度,纬度,{REASON}", "a,甲,114.3,30.5,原因3", "b,乙,114.3,30.5"
    ]  # fmt: skip


def test_what_a_text_s_encoding_cannot_write_is_no_reason_to_fail(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("id,name,lon,lat\nä,b,1,2\n".encode("latin-1") + b"\xff,c,3,4\n")
    made = mark(tmp_path, file, {2: ()}, encoding="latin-1")
    assert made.read_bytes().splitlines()[1:] == ["ä,b,1,2,??2".encode("latin-1"), b"\xff,c,3,4"]


def test_geojson_and_geopackage_come_home_with_a_field_more(tmp_path: Path) -> None:
    rows = [(point(i / 1000), {"id": f"s{i}", "名称": f"棚{i}"}) for i in range(3)]
    made = mark(tmp_path, geojson(tmp_path / "a.geojson", rows), {2: ()})
    document = json.loads(made.read_text("utf-8"))
    assert [f["properties"].get(REASON) for f in document["features"]] == [None, "原因2", None]
    assert document["features"][0]["geometry"]["coordinates"] == [114.3, 30.5]
    source = gpkg(tmp_path / "a.gpkg", rows, layer="棚")
    gpkg(source, rows, layer="别的", append=True)
    with sqlite3.connect(source) as c:
        evil = 'create trigger evil after update on "棚" begin delete from "别的"; end'
        c.execute(evil)
    made = mark(tmp_path, source, {3: ()}, from_layer="棚")
    with sqlite3.connect(made) as c:
        told = c.execute(f'select "{REASON}" from "棚" order by fid').fetchall()
        assert told == [(None,), (None,), ("原因3",)]
        assert c.execute('select count(*) from "别的"').fetchone() == (3,)
        triggers = "select count(*) from sqlite_master where type = 'trigger'"
        assert (
            c.execute(triggers).fetchone() == sqlite3.connect(source).execute(triggers).fetchone()
        )


def test_of_other_formats_the_rejected_rows_come_home_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.kml"
    places = "".join(
        f"<Placemark><name>棚{i}</name><ExtendedData><Data name='FID'><value>{i}</value></Data>"
        "<Data name='fid'><value>x</value></Data><Data name='geom'><value>y</value></Data>"
        "</ExtendedData><Point><coordinates>114.3,30.5</coordinates></Point>"
        "</Placemark>" for i in range(3)
    )  # fmt: skip
    file.write_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{places}</Document></kml>', "utf-8"
    )
    made = mark(tmp_path, file, {2: ()})
    with sqlite3.connect(made) as c:
        told = c.execute(f'select name, "{REASON}", "Gridwarden: 仅待改行" from gridwarden')
        assert told.fetchall() == [("棚1", "原因2", "2")]


def test_the_words_say_where_what_and_what_to_do() -> None:
    one = reject_of(5, "bad_number", "高度", "高", [], "zh")
    assert (one.words, one.columns) == (WORDS, ("高度",))
    more = [{"reason": "bad_date", "column": "source_date", "value": "昨天"},
            {"reason": "reason_of_next_year", "column": None, "value": None}]  # fmt: skip
    two = reject_of(5, "bad_number", "height", "tall", more, "en")
    assert two.words.startswith("1. height: not a number (tall). Write a number in digits")
    assert "2. source_date: not a date (昨天). Write the date as 2026-11-20." in two.words
    assert two.words.endswith("3. reason_of_next_year.")
    assert two.columns == ("height", "source_date")


def take(client: TestClient, seen: dict[str, Any], to: Path) -> Path:
    """The marked file of an import."""
    answer = client.get(f"{seen['rejects_file_url']}?lang=zh", headers=seen["headers"])
    assert answer.status_code == 200, answer.text
    assert "%E5%BE%85%E6%94%B9" in answer.headers["content-disposition"]
    to.write_bytes(answer.content)
    return to


def mend_text(path: Path) -> None:
    path.write_text(path.read_text("utf-8-sig").replace("很多", "5"), "utf-8")


def mend_workbook(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    for row in book.worksheets[0].iter_rows():
        for cell in row:
            if cell.value == "很多":
                cell.value = 5
    book.save(path)


def mend_geopackage(path: Path) -> None:
    with sqlite3.connect(path) as c:
        triggers = c.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        for (name,) in triggers:
            c.execute(f'drop trigger "{name}"')
        table = c.execute("select table_name from gpkg_contents").fetchone()[0]
        c.execute(f"update \"{table}\" set places = '5' where places = '很多'")


MENDED = {
    ".csv": mend_text,
    ".xlsx": mend_workbook,
    ".geojson": mend_text,
    ".gpkg": mend_geopackage,
}


def sheds(path: Path, *, named: bool) -> Path:
    """Six sheds, one of which has many places."""
    values = [{"id": f"s{i}", "name": f"棚{i}", "places": "很多" if i == 3 else str(i)}
              for i in range(6)]  # fmt: skip
    if not named:
        values = [{k: v for k, v in one.items() if k != "id"} for one in values]
    if path.suffix in (".geojson", ".gpkg"):
        rows = [(point(i / 1000), one) for i, one in enumerate(values)]
        return (geojson if path.suffix == ".geojson" else gpkg)(path, rows)
    heads = [*values[0], "wgs84_lon", "wgs84_lat"]
    lines = [[*one.values(), 114.3 + i / 1000, 30.5] for i, one in enumerate(values)]
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([["充电棚台账"], heads, *lines])
    else:
        book = openpyxl.Workbook()
        for line in (["充电棚台账"], heads, *lines):
            book.worksheets[0].append(line)
        book.save(path)
    return path


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("suffix", list(MENDED))
def test_the_mended_file_adds_only_those_rows(
    module_client: TestClient, module_bring: Bring, tmp_path: Path, suffix: str, named: bool
) -> None:
    form = {"layer": "charging_sheds", "dataset": f"mended {suffix} {named}"}
    seen = module_bring(sheds(tmp_path / f"a{suffix}", named=named), **form)
    assert (seen["state"], seen["quarantined"]) == ("published", 1), seen["say"]
    mended = take(module_client, seen, tmp_path / f"b{suffix}")
    MENDED[suffix](mended)
    again = module_bring(mended, **form)
    counts = tuple(again[k] for k in ("quarantined", "added", "changed", "removed"))
    assert counts == (0, 1, 0, 0), again
    assert not any("Gridwarden" in note for note in again["notes"])
    gone = module_client.get(f"/api/imports/{seen['id']}/rejects/file", headers=seen["headers"])
    assert (gone.status_code, again["rejects_file_url"]) == (410, None)


def test_mended_rows_that_came_home_alone_remove_nothing(
    module_city: Settings, module_client: TestClient, module_bring: Bring, tmp_path: Path
) -> None:
    """A Shapefile goes home as a GeoPackage of its rejects."""
    from intake.makers import shapefile

    rows = [(polygon(at=i), {"id": f"b{i}", "height": "高" if i == 2 else str(i + 3)})
            for i in range(5)]  # fmt: skip
    form = {"layer": "buildings", "dataset": "alone"}
    seen = module_bring(shapefile(tmp_path / "s", rows), **form)
    assert (seen["added"], seen["quarantined"]) == (4, 1), seen
    mended = take(module_client, seen, tmp_path / "b.gpkg")
    with sqlite3.connect(mended) as c:
        assert c.execute("select id, height from gridwarden").fetchall() == [("b2", "高")]
        for (name,) in c.execute(
            "select name from sqlite_master where type = 'trigger'"
        ).fetchall():
            c.execute(f'drop trigger "{name}"')
        c.execute("update gridwarden set height = '9'")
    again = module_bring(mended, **form)
    assert tuple(again[k] for k in ("added", "changed", "removed")) == (1, 0, 0), again
    assert "only_rejects" in again["notes"]
    # The next whole file is whole again.
    assert module_bring(shapefile(tmp_path / "t", rows[:2]), **form)["state"] == "held"


def test_the_marked_file_is_as_secret_as_the_import_and_leaves_nothing_behind(
    module_city: Settings,
    module_client: TestClient,
    module_bring: Bring,
    module_sign_in: KeyMaker,
    tmp_path: Path,
) -> None:
    form = {"layer": "charging_sheds", "dataset": "secret"}
    seen = module_bring(sheds(tmp_path / "a.csv", named=True), role="supervisor", **form)
    url = seen["rejects_file_url"]
    with owner(module_city) as c:
        c.execute("update data.import set org_id = 7 where id = %s", (seen["id"],))
    for headers, status in (
        ({}, 401),
        (module_sign_in("viewer"), 403),
        (module_sign_in("planner"), 404),
        (module_sign_in("utility", org_ids=(8,)), 404),
        (module_sign_in("utility", org_ids=(7,)), 200),
    ):
        assert module_client.get(url, headers=headers).status_code == status
    assert not list(module_city.files.glob("incoming-*"))
    (folder,) = module_city.files.glob(str(seen["id"]))
    assert folder.stat().st_mode & 0o077 == 0
    shutil.rmtree(folder)
    gone = module_client.get(url, headers=seen["headers"])
    assert (gone.status_code, gone.json()["field"]) == (410, "file")
    clean = tmp_path / "clean.csv"
    clean.write_text("id,wgs84_lon,wgs84_lat\na,114.3,30.5\n", "utf-8")
    none = module_bring(clean, layer="charging_sheds", dataset="clean")
    answer = module_client.get(f"/api/imports/{none['id']}/rejects/file", headers=seen["headers"])
    assert answer.status_code == 404


def test_the_command_writes_the_marked_file(module_city: Settings, tmp_path: Path) -> None:
    back = tmp_path / "back.xlsx"
    known = ("--layer", "charging_sheds", "--dataset", "said", "--sent-back", back)
    done = run_command(module_city, "import", sheds(tmp_path / "a.xlsx", named=True), *known)
    assert (done.returncode, "back.xlsx" in done.stdout) == (0, True), done.stderr
    sheet = openpyxl.load_workbook(tmp_path / "back.xlsx").worksheets[0]
    assert "请只填阿拉伯数字" in str(sheet["F6"].value)
