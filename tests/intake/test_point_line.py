"""The survey firms' tables: pipes as pairs of point numbers; plots as rows of corners; holes."""

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely

from gridwarden.intake.formats.batch import Batch, Source
from gridwarden.intake.formats.source import open_source
from gridwarden.intake.outlines import Outlines, for_layer

from .makers import table

POINTS = ["物探点号", "特征", "附属物", "X坐标(m)", "Y坐标(m)", "地面高程(m)"]
LINES = [
    "起点号",
    "终点号",
    "起点埋深(m)",
    "终点埋深(m)",
    "材质",
    "管径(mm)",
    "压力",
    "埋设年代",
    "权属单位",
]
PLACES: list[list[Any]] = [
    ["RQ1", "直线点", None, 3420000.0, 500000.0, 25.1],
    ["RQ2", "三通", "阀门井", 3420000.0, 500050.0, 25.2],
    ["RQ3", "端点", None, 3420030.0, 500050.0, 25.3],
]
PIPES: list[list[Any]] = [
    ["RQ1", "RQ2", 1.2, 0.9, "PE", 110, "中压A", 2015, "甲燃气"],
    ["rq2 ", "ＲＱ３", 0.9, 1.4, "钢", 219, "中压A", 2008, "甲燃气"],
    ["RQ3", "RQ9", 1.0, 1.0, "钢", 219, "中压A", 2008, "甲燃气"],
    ["RQ3", "RQ3", 1.0, 1.0, "钢", 219, "中压A", 2008, "甲燃气"],
    ["RQ3", None, 1.0, 1.0, "钢", 219, "中压A", 2008, "甲燃气"],
]


def opened(path: Path, layer: str | None = None) -> Source:
    room = path.parent / "room"
    room.mkdir(exist_ok=True)
    return open_source(path, path.name, room, 1 << 20, from_layer=layer)


def whole(source: Source) -> Batch:
    (batch,) = source.batches()
    return batch


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def zipped(folder: Path, points: list[list[Any]]) -> Path:
    for name, head, rows in (("管点", POINTS, points), ("管线", LINES, PIPES)):
        table(folder / f"{name}.csv", head, rows, encoding="gb18030")
    archive = folder / "普查成果.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for name in ("管点", "管线"):
            made.write(folder / f"{name}.csv", f"成果/{name}.csv")
    return archive


@pytest.mark.parametrize("kind", ["xlsx", "zip"])
def test_lines_are_drawn_between_the_points_of_the_other_table(tmp_path: Path, kind: str) -> None:
    sheets = {"管点": [["燃气管点成果表"], POINTS, *PLACES], "管线": [LINES, *PIPES]}
    made = workbook(tmp_path / "a.xlsx", sheets) if kind == "xlsx" else zipped(tmp_path, PLACES)
    source = opened(made, "管线")
    assert source.claim.north_first is None and source.claim.system == "plane"
    batch = whole(source)
    assert [s and list(s.coords) for s in batch.shapes[:2]] == [
        [(3420000.0, 500000.0), (3420000.0, 500050.0)],
        [(3420000.0, 500050.0), (3420030.0, 500050.0)],
    ]
    said = {i: (t.reason, t.column, t.value) for i, t in batch.troubles.items()}
    assert said == {
        2: ("no_such_point", "终点号", "RQ9"),
        3: ("line_to_itself", "终点号", "RQ3"),
        4: ("no_point_number", "终点号", None),
    }
    assert list(batch.numbers) == [2, 3, 4, 5, 6]
    assert batch.columns["depth_top_m"][:2] == [0.9, 0.9]
    assert batch.columns["depth_start_m"][:2] == [1.2, 0.9]
    assert [str(v) for v in batch.columns["管径(mm)"][:2]] == ["110", "219"]
    assert "depth_shallower" in source.notes
    points = whole(opened(made, "管点"))
    assert points.columns["附属物"] == [None, "阀门井", None]
    assert shapely.get_coordinates(points.shapes[0])[0].tolist() == [3420000.0, 500000.0]


def test_a_number_at_two_places_is_no_point_and_one_said_again_is(tmp_path: Path) -> None:
    again = [*PLACES, ["RQ1", None, None, 3420000.0, 500000.0, None]]
    batch = whole(opened(zipped(tmp_path, again), "管线"))
    assert 0 not in batch.troubles
    elsewhere = [*PLACES, ["RQ1", None, None, 3420009.0, 500000.0, None]]
    batch = whole(opened(zipped(tmp_path, elsewhere), "管线"))
    assert (batch.troubles[0].reason, batch.troubles[0].value) == ("point_number_twice", "RQ1")
    assert 1 not in batch.troubles


CJJ = [
    "图上点号",
    "连接点号",
    "材质",
    "特征",
    "附属物",
    "X_m",
    "Y_m",
    "管径mm",
    "压力/电压",
    "埋深m",
]
ROWS: list[list[Any]] = [
    ["1", "2", "PE", "起点", "", 3420000.0, 500000.0, 110, "中压A", 1.2],
    ["2", "1", "PE", "三通", "阀门井", 3420000.0, 500050.0, 110, "中压A", 0.9],
    ["2", "3", "PE", "三通", "阀门井", 3420000.0, 500050.0, 63, "中压A", 0.9],
    ["3", "", "PE", "终点", "", 3420030.0, 500050.0, 63, "中压A", 1.0],
    ["4", "8", "PE", "终点", "", 3420040.0, 500050.0, 63, "中压A", 1.0],
]


def test_one_table_is_lines_for_lines_and_points_for_points(tmp_path: Path) -> None:
    path = table(tmp_path / "成果.csv", CJJ, ROWS, encoding="gb18030")
    points = for_layer(opened(path), "any")
    assert [s.geom_type for s in whole(points).shapes] == ["Point"] * 5
    lines = for_layer(opened(path), "line")
    batch = whole(lines)
    assert list(batch.numbers) == [2, 4, 6]
    assert [s and s.geom_type for s in batch.shapes] == ["LineString", "LineString", None]
    assert (batch.troubles[2].reason, batch.troubles[2].value) == ("no_such_point", "8")
    assert batch.columns["depth_top_m"][:2] == [0.9, 0.9]
    assert batch.columns["depth_end_m"][:2] == [0.9, 1.0]
    assert "埋深m" not in lines.fields and lines.claim.north_first is None


def corners(folder: Path, rows: list[list[Any]], head: list[str]) -> Source:
    return opened(table(folder / "拐点.csv", head, rows, delimiter="\t"))


def test_corners_of_one_plot_are_one_outline_in_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = [
        ["DK-1", "J1", 3420000.0, 500000.0],
        ["", "J2", 3420000.0, 500020.0],
        ["", "J3", 3420020.0, 500020.0],
        ["", "J1", 3420000.0, 500000.0],
        ["DK-2", "J1", 3420100.0, 500000.0],
        ["", "J2", "见图", 500020.0],
        ["", "J3", 3420120.0, 500020.0],
        ["DK-3", "J1", 3420200.0, 500000.0],
        ["", "J2", 3420200.0, 500020.0],
        ["合计", "", "", ""],
    ]
    source = corners(tmp_path, rows, ["地块编号", "拐点号", "X", "Y"])
    batch = whole(for_layer(source, "polygon"))
    assert batch.columns == {"地块编号": ["DK-1", "DK-2", "DK-3"]}
    assert batch.shapes[0].area == 200 and list(batch.numbers) == [2, 6, 9]
    assert {i: t.reason for i, t in batch.troubles.items()} == {1: "see_drawing", 2: "few_corners"}
    assert whole(for_layer(source, "any")).size == 3
    assert for_layer(source, "line") is source


def test_without_a_plots_name_an_outline_ends_at_its_first_corner(tmp_path: Path) -> None:
    square = [(0, 0), (0, 20), (20, 20), (20, 0), (0, 0)]
    rows = [
        [k, 3420000.0 + x, 500000.0 + 100 * n + y]
        for n in range(3)
        for k, (x, y) in enumerate(square[: 4 if n == 1 else 5], 1)
    ]
    source = corners(tmp_path, rows, ["点号", "X", "Y"])
    batch = whole(for_layer(source, "polygon"))
    assert [s.area for s in batch.shapes] == [400.0] * 3
    assert batch.marks == {1: "ring_closed"}
    assert for_layer(source, "any") is source


def test_holes_stay_points(tmp_path: Path) -> None:
    rows = [["ZK1", 3420000.0, 500000.0, 25.1, 30], ["ZK2", 3420010.0, 500000.0, 25.1, 28]]
    source = corners(
        tmp_path, [*rows, ["合计", "", "", "", 58]], ["孔号", "X", "Y", "孔口高程", "孔深"]
    )
    for geometry in ("polygon", "any"):
        assert not isinstance(for_layer(source, geometry), Outlines)  # type: ignore[arg-type]
    assert whole(source).columns["孔深"] == ["30", "28"]
