"""Attribute tables of Shapefiles, and DBF tables that come alone."""

import struct
from datetime import date
from pathlib import Path

import pytest

from gridwarden.words.problems import Problem
from intake.gis_makers import dbf, opened, whole
from intake.makers import point, shapefile

NAME = ("权属单位".encode("gbk"), b"C", 9, 0)
DN = (b"DN", b"N", 6, 1)
LAID = (b"LAID", b"D", 8, 0)


def test_a_bare_table_in_gbk_is_read_without_places(tmp_path: Path) -> None:
    made = dbf(tmp_path / "orgs.dbf", [NAME], [["燃气公司".encode("gbk")]], ldid=0x4D)
    source = opened(made)
    assert (source.kind, source.fields, source.rows) == ("dbf", ("权属单位",), 1)
    assert source.places == set()
    assert source.claim.system is None
    batch = whole(source)
    assert batch.columns == {"权属单位": ["燃气公司"]}
    assert list(batch.shapes) == [None]


@pytest.mark.parametrize(
    ("field", "raw", "read"),
    [
        (DN, b"300.0", 300.0),
        (DN, b"300", 300),
        (DN, b"", None),
        (DN, b"******", None),
        (DN, b"***", "***"),
        (DN, b"1x", "1x"),
        (DN, b"-", "-"),
        (LAID, b"20200131", date(2020, 1, 31)),
        (LAID, b"00000000", None),
        (LAID, b" 8120131", date(812, 1, 31)),
        (LAID, b"20201399", "20201399"),
        ((b"OK", b"L", 1, 0), b"?", None),
        ((b"OK", b"L", 1, 0), b"t", True),
    ],
)
def test_what_is_no_number_and_no_day_stays_what_it_is(
    tmp_path: Path, field: tuple[bytes, bytes, int, int], raw: bytes, read: object
) -> None:
    source = opened(dbf(tmp_path / "one.dbf", [field], [[raw]]))
    (value,) = whole(source).columns[field[0].decode()]
    assert (value, type(value)) == (read, type(read))


def test_a_name_and_a_text_cut_in_half_lose_only_the_half(tmp_path: Path) -> None:
    cut = "权属单位名称".encode("gbk")[:9]
    made = dbf(
        tmp_path / "cut.dbf",
        [(cut, b"C", 7, 0)],
        [["城燃公司".encode("gbk")], ["甲".encode("gbk")], [b"\xff\xff"]],
    )
    source = opened(made)
    batch = whole(source)
    assert source.fields == ("权属单位",)
    assert batch.columns["权属单位"] == ["城燃公", "甲", None]
    assert batch.marks == {0: "text_cut"}
    assert {i: (t.reason, t.value) for i, t in batch.troubles.items()} == {
        2: ("undecodable_text", "ffff")
    }


def test_deleted_records_and_memos_are_left_out_and_told_of(tmp_path: Path) -> None:
    made = dbf(
        tmp_path / "d.dbf",
        [NAME, (b"REMARK", b"M", 10, 0)],
        [[b"a", b"1"], [b"b", b""], [b"c", b""]],
        deleted={1},
        said=9,
    )
    source = opened(made)
    assert whole(source).columns == {"权属单位": ["a", "c"], "REMARK": [None, None]}
    assert source.notes == ["dbf_memo:REMARK", "dbf_short:3/9"]


def test_shapes_keep_to_their_own_records(tmp_path: Path) -> None:
    """A record that is marked as deleted takes its shape with it, and moves no other."""
    rows = [(point(0.001 * i), {"CODE": f"c{i}"}) for i in range(4)]
    folder = tmp_path / "s"
    shapefile(folder, rows, geometry_type="Point", prj=False)
    table = folder / "图层.dbf"
    data = bytearray(table.read_bytes())
    start, width = struct.unpack("<HH", data[8:12])
    data[start + width] = ord("*")
    table.write_bytes(data)
    source = opened(folder / "图层.shp")
    batch = whole(source)
    assert batch.columns["CODE"] == ["c0", "c2", "c3"]
    assert [round(s.x - 114.3, 6) for s in batch.shapes] == [0, 0.002, 0.003]


def test_three_dimensional_bodies_are_refused_with_a_sentence(tmp_path: Path) -> None:
    made = shapefile(tmp_path / "s", [(point(), {"A": "1"})], geometry_type="Point")
    bare = tmp_path / "s" / "图层.shp"
    data = bytearray(bare.read_bytes())
    data[32:36] = struct.pack("<i", 31)
    bare.write_bytes(data)
    assert made.exists()
    with pytest.raises(Problem) as refused:
        opened(bare)
    assert refused.value.kind == "refused"
    assert "multipatch" in refused.value.said("en")


def test_a_wide_table_comes_in_fewer_rows_at_once(tmp_path: Path) -> None:
    wide = [(f"C{i}".encode(), b"C", 254, 0) for i in range(250)]
    rows = [[str(i).encode()] * len(wide) for i in range(1_200)]
    source = opened(dbf(tmp_path / "wide.dbf", wide, rows, deleted=set(range(100, 900))))
    batches = list(source.batches())
    assert [b.first_row for b in batches] == [1, 101, 257]
    assert [b.size for b in batches] == [100, 156, 144]
    assert batches[2].columns["C249"][-1] == "1199"
