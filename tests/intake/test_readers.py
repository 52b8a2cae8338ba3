"""What is read, in which letters, and what is refused before a row is looked at."""

import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

from gridwarden.geodesy import WorkingCrs
from gridwarden.intake.ask import Ask
from gridwarden.intake.coordinates import Extent, Said, decided
from gridwarden.intake.coordinates.knowing import Known
from gridwarden.intake.formats import files
from gridwarden.intake.formats.batch import Source
from gridwarden.intake.formats.encoding import CHINESE, codec, of_text, text_of
from gridwarden.intake.formats.source import open_source
from gridwarden.intake.preparing import LOOKED_AT, decision_of
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from intake.makers import SQUARE, geojson, gpkg, point, polygon, shapefile, table

LIMIT = 50 << 20


def read(path: Path, room: Path, **options: object) -> object:
    room.mkdir(exist_ok=True)
    return open_source(path, path.name, room, LIMIT, **options)  # type: ignore[arg-type]


def values(source: object, field: str) -> list[object]:
    return [v for batch in source.batches() for v in batch.columns[field]]  # type: ignore[attr-defined]


def refusal(path: Path, room: Path, **options: object) -> Problem:
    with pytest.raises(Problem) as refused:
        list(read(path, room, **options).batches())  # type: ignore[attr-defined]
    return refused.value


@pytest.mark.parametrize(
    ("encoding", "cpg"), [("GBK", False), ("GBK", True), ("UTF-8", False), ("UTF-8", True)]
)
def test_a_shapefile_speaks_chinese_in_every_usual_way(
    tmp_path: Path, encoding: str, cpg: bool
) -> None:
    rows = [(polygon(at=i), {"名称": f"楼{i}号", "层数": float(i)}) for i in range(3)]
    made = shapefile(tmp_path / "s", rows, encoding=encoding, cpg=cpg)
    source = read(made, tmp_path / "room")
    assert source.fields == ("名称", "层数")  # type: ignore[attr-defined]
    assert source.layer == "图层"  # type: ignore[attr-defined]
    assert values(source, "名称") == ["楼0号", "楼1号", "楼2号"]


def test_a_cpg_that_lies_is_passed_over(tmp_path: Path) -> None:
    made = shapefile(tmp_path / "s", [(polygon(), {"NAME": "宝山区"})], encoding="GBK", cpg=False)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("图层.cpg", "UTF-8")
    assert values(read(made, tmp_path / "room"), "NAME") == ["宝山区"]


def test_a_character_cut_in_half_by_the_field_loses_only_itself() -> None:
    assert text_of("中压A管线".encode("gbk")[:-1], CHINESE) == ("中压A管", True)
    assert text_of("中文".encode(), "utf-8") == ("中文", False)
    with pytest.raises(UnicodeDecodeError):
        text_of(b"\xd6\xd0abc", "utf-8")


def test_bytes_that_are_no_letters_are_told_of_by_row(tmp_path: Path) -> None:
    rows = [(polygon(at=i), {"NAME": name}) for i, name in enumerate(["甲路", "XXXX", "乙路"])]
    made = shapefile(tmp_path / "s", rows, encoding="GBK", cpg=False)
    with zipfile.ZipFile(made) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data.replace(b"XXXX", b"\xff\xff\xff\xff"))
    batch = next(iter(read(made, tmp_path / "room").batches()))  # type: ignore[attr-defined]
    assert {i: t.reason for i, t in batch.troubles.items()} == {1: "undecodable_text"}
    assert batch.troubles[1].value == "ffffffff"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_however_it_was_saved(tmp_path: Path, encoding: str, delimiter: str) -> None:
    header = ["编号", "名称", "经度", "纬度"]
    made = table(
        tmp_path / "a.csv",
        header,
        [["1", "充电棚甲, 东", 114.3, 30.5], ["2", "乙\n二", 114.31, 30.5]],
        encoding=encoding,
        delimiter=delimiter,
    )
    source = read(made, tmp_path / "room")
    assert values(source, "名称") == ["充电棚甲, 东", "乙\n二"]
    assert source.claim.system == "degrees"  # type: ignore[attr-defined]
    shapes = next(iter(source.batches())).shapes  # type: ignore[attr-defined]
    assert [(s.x, s.y) for s in shapes] == [(114.3, 30.5), (114.31, 30.5)]


def test_a_geojson_in_gbk_is_read_too(tmp_path: Path) -> None:
    made = tmp_path / "gbk.geojson"
    text = geojson(tmp_path / "u.geojson", [(point(), {"名称": "X"})]).read_text("utf-8")
    made.write_bytes(text.replace("\\u540d\\u79f0", "名称").replace('"X"', '"甲棚"').encode("gbk"))
    assert values(read(made, tmp_path / "room"), "名称") == ["甲棚"]


def test_several_layers_are_named_and_one_is_taken(tmp_path: Path) -> None:
    made = gpkg(tmp_path / "two.gpkg", [(polygon(), {"a": 1})], layer="houses")
    gpkg(made, [(point(), {"b": 2})], layer="sheds", append=True)
    problem = refusal(made, tmp_path / "room")
    assert problem.field == "from_layer"
    assert "houses" in problem.said("en")
    assert "sheds" in problem.said("zh")
    assert read(made, tmp_path / "room", from_layer="sheds").fields == ("b",)  # type: ignore[attr-defined]
    assert refusal(made, tmp_path / "room", from_layer="mains").kind == "not_found"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.xml", b'<?xml version="1.0"?><page version="1.1"></page>'),
        ("evil.csv.vrt", b"<OGRVRTDataSource></OGRVRTDataSource>"),
        ("names.dbf", bytes([3]) + bytes(40)),
        ("plain.sqlite", b"SQLite format 3\0" + bytes(200)),
        ("empty.bin", b""),
    ],
)
def test_other_kinds_are_refused_by_a_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    problem = refusal(tmp_path / name, tmp_path / "room")
    assert problem.kind == "refused"
    assert "GeoPackage" in problem.said("en")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.gpkg", b"SQLite format 3\0" + bytes(52) + b"GPKG" + bytes(400)),
        ("cut.geojson", b'{"type": "FeatureCollection", "features": [{"type": "Feat'),
        ("other.geojson", b'{"hello": "world"}'),
        ("cut.zip", b"PK\x03\x04" + bytes(60)),
        ("empty.csv", b""),
        ("blank.csv", b"\n\n"),
    ],
)
def test_a_broken_file_is_said_to_be_broken(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name, tmp_path / "room").kind == "unreadable_file"


def test_no_path_in_an_archive_leaves_the_room(tmp_path: Path) -> None:
    inner = geojson(tmp_path / "in.geojson", [(polygon(SQUARE), {"a": 1})])
    made = tmp_path / "slip.zip"
    with zipfile.ZipFile(made, "w") as archive:
        archive.write(inner, "../../../slipped.geojson")
        archive.write(inner, "/slipped-absolute.geojson")
    room = tmp_path / "deep" / "room"
    room.mkdir(parents=True)
    parts = files.parts_of(made, made.name, room, LIMIT)
    assert {p.path.parent for p in parts} == {room}
    assert not list(tmp_path.glob("slipped*"))
    assert not Path("/slipped-absolute.geojson").exists()


def test_an_archive_is_measured_by_what_comes_out(tmp_path: Path) -> None:
    made = tmp_path / "bomb.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(8 << 20))
    assert made.stat().st_size < 1 << 20
    room = tmp_path / "room"
    room.mkdir()
    with pytest.raises(Problem) as refused:
        files.parts_of(made, made.name, room, 4 << 20)
    assert refused.value.kind == "too_large"


def test_an_archive_without_a_layer_is_refused(tmp_path: Path) -> None:
    made = tmp_path / "papers.zip"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("letter.docx", "PK")
    assert refusal(made, tmp_path / "room").kind == "refused"


def test_a_shapefile_without_its_index_is_still_read(tmp_path: Path) -> None:
    made = shapefile(tmp_path / "s", [(polygon(), {"NAME": "a"})])
    bare = tmp_path / "bare.zip"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(bare, "w") as new:
        for name in old.namelist():
            if not name.endswith(".shx"):
                new.writestr(name, old.read(name))
    assert values(read(bare, tmp_path / "room"), "NAME") == ["a"]


@pytest.mark.parametrize(
    ("crs", "system"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}, "EPSG:4547"),
        ({"type": "name", "properties": {"name": "our own city grid"}}, "our own city grid"),
        ({"type": "name", "properties": {"name": "西安80坐标系"}}, "EPSG:4610"),
        ({"type": "link", "properties": {"href": "HERE", "type": "ogcwkt"}}, None),
        ({"type": "EPSG", "properties": {"code": 4214}}, None),
        ({"type": "name", "properties": {"name": 4547}}, None),
        ({"type": "name", "properties": None}, None),
        ("EPSG:4214", None),
        (None, None),
    ],
)
def test_a_crs_by_link_is_not_fetched_and_an_unknown_one_is_not_taken_for_degrees(
    tmp_path: Path, crs: object, system: str | None
) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        made = geojson(tmp_path / "c.geojson", [(point(), {"a": 1})])
        document = json.loads(made.read_text("utf-8"))
        here = f"http://127.0.0.1:{server.server_port}/crs"
        for order in ({"crs": crs} | document, document | {"crs": crs}):
            made.write_text(json.dumps(order).replace("HERE", here), "utf-8")
            source = read(made, tmp_path / "room")
            assert source.claim.system == system  # type: ignore[attr-defined]
            assert values(source, "a") == [1]
        document["features"][0]["properties"] = {"a": 1, "crs": "a field's name"}
        made.write_text(json.dumps(document), "utf-8")
        source = read(made, tmp_path / "room")
        assert source.claim.because == "geojson_default"  # type: ignore[attr-defined]
    finally:
        server.shutdown()
    assert asked == []


@pytest.mark.parametrize(
    ("prj", "system", "key"),
    [
        ("西安80坐标系".encode(), "EPSG:4610", "intake.crs_no_parameters"),
        ("西安80坐标系".encode("gbk"), "EPSG:4610", "intake.crs_no_parameters"),
        ("武汉2000坐标系".encode("gbk"), "武汉2000坐标系", "intake.crs_unknown"),
        (b"\x00\xff\x81 nothing", None, "intake.crs_unknown"),
        (b"\xef\xbb\xbf \r\n", None, "only_zone_that_fits"),
    ],
)
def test_a_prj_that_cannot_be_read_is_refused_and_not_passed_over(
    tmp_path: Path, prj: bytes, system: str | None, key: str
) -> None:
    here = {"type": "Point", "coordinates": [529_000, 3_374_000]}
    made = shapefile(tmp_path / "s", [(here, {"NAME": "a"})], prj=False, geometry_type="Point")
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(archive.namelist()[0].replace(".shp", ".prj"), prj)
    source = cast(Source, read(made, tmp_path / "room"))
    assert system is None or (source.claim.system, source.claim.because) == (system, "file")
    (batch,) = source.batches()
    try:
        because = decided(source.claim, batch.shapes, Said(), Settings(crs=4547)).because
    except Problem as no:
        because = no.detail
    assert because == key


@pytest.mark.parametrize("kind", ["csv", "kml"])
def test_zeros_at_the_top_of_a_file_do_not_answer_for_the_rest(tmp_path: Path, kind: str) -> None:
    places = [("0", "0")] * (2 * LOOKED_AT + 1) + [("114.3", "30.5")] * 3
    made = tmp_path / f"a.{kind}"
    if kind == "csv":
        table(made, ["经度", "纬度"], places)
    else:
        point_of = "<Placemark><Point><coordinates>{},{}</coordinates></Point></Placemark>"
        body = "".join(point_of.format(*place) for place in places)
        root = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        made.write_text(f"{root}{body}</Document></kml>", "utf-8")
    source = cast(Source, read(made, tmp_path / "room"))
    batches = source.batches(LOOKED_AT)
    ask = Ask("charging_sheds", "d")
    known = Known(Extent(WorkingCrs(4547)))
    got = decision_of(source, next(batches), batches, ask, Settings(crs=4547), known)
    assert got.question is not None
    assert (got.question.key, [one.of for one in got.question.options]) == ("whose", [3, 3, 3])


def test_names_of_encodings_are_known_as_people_write_them() -> None:
    assert {codec(n) for n in ("gbk", "GB2312", "cp936", "936", "ANSI 936")} == {CHINESE}
    assert codec("UTF8") == codec("65001") == "utf-8"
    assert codec("rot13") is None
    assert codec("nonsense") is None
    assert of_text([b"abc", "中".encode()]) == "utf-8"
    assert of_text(["中文".encode("gbk")]) == CHINESE


@pytest.mark.parametrize("kind", ["csv", "geojson"])
def test_a_file_wider_than_any_register_is_refused_with_a_sentence(
    tmp_path: Path, kind: str
) -> None:
    def made(columns: int) -> Path:
        names = [f"c{i}" for i in range(columns)]
        if kind == "csv":
            return table(tmp_path / f"{columns}.csv", names, [["1"] * columns])
        return geojson(tmp_path / f"{columns}.geojson", [(point(), dict.fromkeys(names, 1))])

    assert len(read(made(2_000), tmp_path / "room").fields) == 2_000  # type: ignore[attr-defined]
    problem = refusal(made(2_001), tmp_path / "room")
    assert problem.kind == "refused"
    assert "2001" in problem.said("en")
    assert "2000" in problem.said("zh")


def test_no_two_columns_of_a_table_have_one_name(tmp_path: Path) -> None:
    made = table(tmp_path / "a.csv", ["a_3", "a", "a", "a", ""], [list("12345")])
    fields = read(made, tmp_path / "room").fields  # type: ignore[attr-defined]
    assert fields == ("a_3", "a", "a_3_3", "a_4", "column5")


def test_a_batch_of_a_table_is_full_when_its_texts_are_long(tmp_path: Path) -> None:
    """20,000 rows of 16 MB each would not fit into any memory."""
    made = table(tmp_path / "long.csv", ["id", "note"], [[i, "x" * (8 << 20)] for i in range(9)])
    source = read(made, tmp_path / "room")
    batches = [(b.first_row, b.size) for b in source.batches()]  # type: ignore[attr-defined]
    assert batches == [(1, 4), (5, 4), (9, 1)]
