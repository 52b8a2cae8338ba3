"""CASS point files and the land bureau's plots: order of axes, zones, rings, broken blocks."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from gridwarden.geodesy import CrsRefusedError, WorkingCrs, reading_of
from gridwarden.intake.formats.batch import Batch, Source
from gridwarden.intake.formats.claim import PLANE
from gridwarden.intake.formats.source import open_source

HEAD = """[属性描述]
格式版本号=1.01版本
数据产生单位=某测绘院
坐标系={system}
几度分带={width}
投影类型=高斯克吕格
计量单位=米
带号={zone}
精度=0.001
转换参数=0,0,0,0,0,0,0
[地块坐标]
"""
SQUARE = """5,0.0400,DK-1,一号地块,面,H50G,道路用地,,@
J1,1,3420000.000,38500000.000
J2,1,3420000.000,38500020.000
J3,1,3420020.000,38500020.000
J4,1,3420020.000,38500000.000
J1,1,3420000.000,38500000.000
"""
CGCS = HEAD.format(system="2000国家大地坐标系", width=3, zone=38)


def opened(folder: Path, name: str, text: str, encoding: str = "gb18030") -> Source:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return open_source(path, name, folder, 1 << 20)


def whole(source: Source) -> Batch:
    (batch,) = source.batches()
    return batch


def test_a_cass_file_has_the_easting_before_the_northing(tmp_path: Path) -> None:
    text = "1,,500123.456,3420001.5,31.2\n2,阀门井,500124.4,3420002.5,\n见图\n\n4,,x,1,2\n\x1a"
    source = opened(tmp_path, "管点.dat", text)
    assert (source.kind, source.claim.system, source.claim.north_first) == ("cass", PLANE, False)
    batch = whole(source)
    assert batch.shapes[0].equals(shapely.Point(500123.456, 3420001.5))
    assert batch.columns["code"] == [None, "阀门井", None, None]
    assert batch.columns["height_m"][:2] == ["31.2", None]
    assert {i: t.reason for i, t in batch.troubles.items()} == {2: "wrong_width", 3: "bad_number"}
    assert list(batch.numbers) == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.txt", "1,,500123.4,3420001.5,31.2\n", "cass"),
        ("a.csv", "1,,500123.4,3420001.5,31.2\n", "cass"),
        ("a.csv", "1,,500123.4,3420001.5,31.2\n2,x,y\n", "csv"),
        ("a.csv", "id,name,x,y,z\n1,,500123.4,3420001.5,31.2\n", "csv"),
        ("a.csv", "1,2,3,4,5\n", "csv"),
        ("a.txt", CGCS + SQUARE, "land_bureau"),
        ("a.txt", "a,b\n[地块坐标],@\n", "csv"),
    ],
)
def test_a_text_is_what_it_contains(tmp_path: Path, name: str, text: str, kind: str) -> None:
    assert opened(tmp_path, name, text).kind == kind


def test_a_plot_lies_where_its_file_says(tmp_path: Path) -> None:
    source = opened(tmp_path, "报盘.txt", CGCS + SQUARE)
    assert (source.claim.system, source.claim.north_first) == ("EPSG:4526", False)
    batch = whole(source)
    assert batch.shapes[0].bounds == (38500000.0, 3420000.0, 38500020.0, 3420020.0)
    row = {name: values[0] for name, values in batch.columns.items()}
    assert (row["code"], row["name"], row["use"]) == ("DK-1", "一号地块", "道路用地")
    assert (row["sheet"], row["area_ha"], batch.marks) == ("H50G", "0.0400", {})
    x, y = reading_of("EPSG:4526", WorkingCrs(4547)).to_working(
        *np.array([[38500000.0], [3420000.0]])
    )
    assert abs(x[0] - 500000) < 1e-6 and abs(y[0] - 3420000) < 1e-6


@pytest.mark.parametrize(
    ("system", "width", "zone", "east", "claim"),
    [
        ("2000国家大地坐标系", 3, 38, 38500000, "EPSG:4526"),
        ("2000国家大地坐标系", 3, 38, 500000, "EPSG:4547"),
        ("CGCS2000", 6, 19, 19500000, "EPSG:4497"),
        ("CGCS2000", 6, 19, 500000, "EPSG:4508"),
        ("2000国家大地坐标系", 3, 39, 38500000, PLANE),
        ("2000国家大地坐标系", 3, "", 38500000, PLANE),
        ("", 3, 38, 38500000, PLANE),
        ("80国家大地坐标系", 3, 38, 38500000, "EPSG:2362"),
        ("西安80", "", "", 38500000, "EPSG:4610"),
        ("北京54坐标系", 3, 38, 500000, "EPSG:2435"),
        ("武汉独立坐标系", 3, 38, 500000, "武汉独立坐标系"),
        ("武汉2000坐标系", 3, 38, 38500000, "武汉2000坐标系"),
        ("北京54转2000国家大地坐标系", 3, 38, 500000, "北京54转2000国家大地坐标系"),
        ("2000", 3, 38, 38500000, "EPSG:4526"),
        ("54", 6, 19, 500000, "EPSG:21459"),
    ],
)
def test_its_system_is_what_its_head_states_and_never_a_newer_datum(
    tmp_path: Path, system: str, width: object, zone: object, east: int, claim: str
) -> None:
    head = HEAD.format(system=system, width=width, zone=zone)
    source = opened(tmp_path, "a.txt", head + SQUARE.replace("38500", str(east)[:-3]), "utf-8")
    assert source.claim.system == claim
    if claim not in (PLANE, "EPSG:4526", "EPSG:4547", "EPSG:4497", "EPSG:4508"):
        with pytest.raises(CrsRefusedError):
            reading_of(claim, WorkingCrs(4547))


def test_rings_are_holes_or_parts_and_closed_where_they_are_open(tmp_path: Path) -> None:
    corners = {
        1: [(0, 0), (0, 40), (40, 40), (40, 0)],
        2: [(10, 10), (10, 20), (20, 20), (20, 10)],
        3: [(100, 0), (100, 9), (109, 9)],
    }
    lines = [
        f"J{n},{ring},{3420000 + north},{38500000 + east}"
        for ring, places in corners.items()
        for n, (north, east) in enumerate(places)
    ]
    text = CGCS + "11,0.1,7,甲,面,,,,@\n" + "\n".join(lines)
    batch = whole(opened(tmp_path, "a.txt", text))
    assert batch.marks == {0: "ring_closed"}
    found = batch.shapes[0]
    assert found.geom_type == "MultiPolygon" and found.area == 1600 - 100 + 40.5
    assert len(found.geoms[0].interiors) == 1


def test_a_broken_block_is_a_row_of_its_own_and_spoils_no_other(tmp_path: Path) -> None:
    few = SQUARE.replace("5,0.0400,DK-1", "9,0.0400,DK-2")
    drawn = SQUARE.replace("DK-1", "DK-3").replace("3420020.000,38500020.000", "见图")
    line = "2,,L1,沟,线,,,,@\nJ1,1,3420000,38500000\nJ2,1,3420000,38500020\n"
    text = CGCS + "J9,1,3420000,38500000\n" + few + drawn + line + SQUARE
    batch = whole(opened(tmp_path, "a.txt", text))
    assert {i: t.reason for i, t in batch.troubles.items()} == {
        0: "plot_without_head",
        1: "corners_missing",
        2: "broken_corner",
    }
    assert [None if s is None else s.geom_type for s in batch.shapes[3:]] == [
        "LineString",
        "Polygon",
    ]
    assert list(batch.numbers) == [12, 13, 19, 25, 28]
