"""Zips that want out, want more than they say, or hide what they are."""

import struct
import zipfile
from pathlib import Path

import pytest

from gridwarden.intake.apart import open_apart
from gridwarden.intake.formats.files import keep
from gridwarden.words.problems import Problem
from intake.hostile import LIMIT, SECRET, refused, said, watched
from intake.makers import polygon, shapefile

ROWS = "lon,lat,name\n114.3,30.5,甲\n"


def zipped(path: Path, members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_no_member_gets_out_of_the_room(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "room"
    deep.mkdir(parents=True)
    names = ("../../slip.csv", f"{tmp_path}/absolute.csv", "..\\..\\back.csv", "C:\\drive.csv")
    for number, name in enumerate(names):
        made = zipped(tmp_path / f"{number}.zip", {name: ROWS})
        before = set(tmp_path.rglob("*"))
        assert "甲" in repr(said(made, deep))
        new = {one.parent for one in set(tmp_path.rglob("*")) - before}
        assert new <= {deep}, name


def test_no_member_of_a_geodatabase_gets_out_of_its_folder(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "room"
    deep.mkdir(parents=True)
    names = (
        "x.gdb/../../slip.gdbtable",
        "x.gdb/..\\slip.gdbtable",
        "x.gdb/in/a.gdbtable",
        "x.gdb/gdb",
    )
    made = zipped(tmp_path / "x.zip", dict.fromkeys(names, b"x" * 40))
    before = set(tmp_path.rglob("*"))
    assert refused(made, deep)[0] == "unreadable_file"
    new = {one.relative_to(deep).as_posix() for one in set(tmp_path.rglob("*")) - before}
    assert new == {"part0.gdb", "part0.gdb/gdb"}


def test_a_link_in_a_zip_leads_nowhere(tmp_path: Path) -> None:
    with watched(tmp_path) as canary:
        made = tmp_path / "link.zip"
        with zipfile.ZipFile(made, "w") as archive:
            link = zipfile.ZipInfo("link.csv")
            link.create_system, link.external_attr = 3, 0o120777 << 16
            archive.writestr(link, str(canary.secret))
        room = tmp_path / "room"
        assert refused(made, room) == ("refused", "intake.nothing_in_archive")


def test_what_unpacks_to_too_much_is_stopped_while_it_does(tmp_path: Path) -> None:
    many = {f"{n}.csv": b"x" * (3 << 20) for n in range(12)}
    made = zipped(tmp_path / "many.zip", many)
    assert made.stat().st_size < 100_000
    room = tmp_path / "room"
    assert refused(made, room) == ("too_large", "intake.archive_too_large")
    assert sum(one.stat().st_size for one in room.iterdir()) <= LIMIT + (1 << 20)


def test_members_that_share_their_bytes_are_counted_each_time(tmp_path: Path) -> None:
    """A bomb of overlapping members: one body, many entries of the index."""
    made = zipped(tmp_path / "overlap.zip", {"0.csv": b"x" * (4 << 20)})
    raw = made.read_bytes()
    start = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    entry = raw[start:end]
    entries = b"".join(entry.replace(b"0.csv", f"{chr(97 + n)}.csv".encode()) for n in range(20))
    tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 20, 20, len(entries), start, 0)
    made.write_bytes(raw[:start] + entries + tail)
    kind, key = refused(made, tmp_path / "room")
    # The names in the bodies do not fit those of the index, or too much comes out: either way.
    assert (kind, key) in {
        ("too_large", "intake.archive_too_large"),
        ("unreadable_file", "intake.bad_archive"),
    }


def test_sizes_and_streams_that_lie_are_a_damaged_zip(tmp_path: Path) -> None:
    made = zipped(tmp_path / "lie.zip", {"a.csv": ROWS * 1000})
    raw = bytearray(made.read_bytes())
    for name, broken in {
        "small": raw.replace(struct.pack("<I", len((ROWS * 1000).encode())), struct.pack("<I", 9)),
        "stream": raw[:40] + b"\xff\xff\xff\xff" + raw[44:],
        "cut": raw[: len(raw) // 2],
        "locked": raw[:6]
        + b"\x01"
        + raw[7:].replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
    }.items():
        file = tmp_path / f"{name}.zip"
        file.write_bytes(broken)
        assert refused(file, tmp_path / "room") == ("unreadable_file", "intake.bad_archive"), name


def test_archives_in_archives_and_thousands_of_members_are_refused(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.csv": ROWS})
    outer = zipped(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()})
    assert refused(outer, tmp_path / "room") == ("refused", "intake.nothing_in_archive")
    many = zipped(tmp_path / "many.zip", {f"{n}.csv": "" for n in range(2_001)})
    assert refused(many, tmp_path / "room") == ("refused", "intake.too_many_members")


@pytest.mark.parametrize(
    "head",
    [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01\x00", b"\x1f\x8b\x08\x00", b"\0" * 257 + b"ustar"],
)
def test_other_archives_get_a_sentence_that_says_zip(tmp_path: Path, head: bytes) -> None:
    file = tmp_path / "管线.rar"
    file.write_bytes(head + bytes(600))
    found = said(file, tmp_path / "room")
    assert isinstance(found, Problem) and found.detail == "intake.other_archive"
    assert "zip" in found.said("zh") and "管线.rar" in found.said("zh")


def test_a_readme_is_no_layer_and_a_text_alone_is_one(tmp_path: Path) -> None:
    made = shapefile(tmp_path / "s", [(polygon(), {"名称": "甲"})], name="楼")
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("说明.txt", "请先看我\n")
        archive.writestr("楼/观测.dat", "1,,1,2,3\n")
        archive.writestr("索引.dbf", b"\x03" + bytes(40))
        archive.writestr("楼.shp.xml", "<metadata/>")
    with open_apart(made, "x.zip", _room(tmp_path), LIMIT) as source:
        assert (source.kind, source.layer) == ("shapefile", "楼")
    alone = zipped(tmp_path / "alone.zip", {"点.txt": ROWS})
    with open_apart(alone, "x.zip", _room(tmp_path), LIMIT) as source:
        assert (source.kind, source.layer) == ("csv", "点")


def test_names_that_windows_wrote_in_gbk_are_read(tmp_path: Path) -> None:
    made = zipped(tmp_path / "gbk.zip", {"AABB.csv": ROWS})
    made.write_bytes(made.read_bytes().replace(b"AABB.csv", "管线".encode("gbk") + b".csv"))
    with open_apart(made, "x.zip", _room(tmp_path), LIMIT) as source:
        assert source.layer == "管线"


def test_a_member_s_bytes_say_what_it_is_not_its_name(tmp_path: Path) -> None:
    with watched(tmp_path) as canary:
        vrt = (
            "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>"
            f"{canary.secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        )
        room = tmp_path / "room"
        for name in ("x.shp", "x.gpkg", "x.geojson", "x.json", "x.fgb"):
            made = zipped(tmp_path / "vrt.zip", {name: vrt, "x.dbf": "", "x.shx": ""})
            assert isinstance(said(made, room), Problem), name
        for one in room.iterdir():
            assert one.name.startswith("part")
            assert SECRET not in one.read_text(errors="replace")
            one.unlink()


def test_the_folder_of_a_geodatabase_is_packed_as_it_would_be_sent(tmp_path: Path) -> None:
    folder = tmp_path / "管网.gdb"
    (folder / "inner").mkdir(parents=True)
    for name in ("a00000001.gdbtable", "gdb"):
        (folder / name).write_bytes(b"x")
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    (folder / "a00000002.gdbtable").symlink_to(secret)
    total = keep(folder, tmp_path / "kept")
    (kept,) = (tmp_path / "kept").iterdir()
    assert (kept.name, kept.stat().st_size) == ("source.zip", total)
    with zipfile.ZipFile(kept) as archive:
        assert archive.namelist() == ["管网.gdb/a00000001.gdbtable", "管网.gdb/gdb"]


def _room(tmp_path: Path) -> Path:
    room = tmp_path / "room"
    room.mkdir(exist_ok=True)
    return room
