"""KML as programs and people write it: what is read, what is told, whose coordinates they are."""

import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import shapely

from gridwarden.intake.formats import kml
from gridwarden.intake.formats.source import open_source
from gridwarden.words.problems import Problem

PLAIN = 'xmlns="http://www.opengis.net/kml/2.2"'
POINT = (
    "<Placemark><name>甲</name><Point><coordinates>114.3,30.5,0</coordinates></Point></Placemark>"
)
RING = "114.3,30.5 114.31,30.5 114.31,30.51 114.3,30.5"


def document(body: str, root: str = PLAIN, declared: str = "UTF-8") -> str:
    head = f'<?xml version="1.0" encoding="{declared}"?>'
    return f"{head}\n<kml {root}><Document>{body}</Document></kml>"


def placed(shape: str, more: str = "") -> str:
    return f"<Placemark>{more}{shape}</Placemark>"


def opened(folder: Path, text: str | bytes, name: str = "a.kml", **options: Any) -> Any:
    made = folder / name
    made.write_bytes(text if isinstance(text, bytes) else text.encode())
    room = folder / "room"
    room.mkdir(exist_ok=True)
    return open_source(made, name, room, 50 << 20, **options)


def whole(source: Any) -> Any:
    """The only batch of a small file."""
    (batch,) = source.batches()
    return batch


SHAPES = {
    "<Point><coordinates>114.3,30.5,12</coordinates></Point>": "POINT (114.3 30.5)",
    "<Point><coordinates> 114.3, 30.5, 0 </coordinates></Point>": "POINT (114.3 30.5)",
    "<LineString><coordinates>1,2 3,4,5\n6,7</coordinates></LineString>": (
        "LINESTRING (1 2, 3 4, 6 7)"
    ),
    "<LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing>": (
        "LINESTRING (0 0, 1 0, 1 1, 0 0)"
    ),
    "<Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 9,0 9,9 0,9 0,0</coordinates>"
    "</LinearRing></outerBoundaryIs><innerBoundaryIs><LinearRing><coordinates>1,1 2,1 2,2 1,1"
    "</coordinates></LinearRing></innerBoundaryIs><innerBoundaryIs><LinearRing><coordinates>"
    "5,5 6,5 6,6 5,5</coordinates></LinearRing></innerBoundaryIs></Polygon>": (
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1), (5 5, 6 5, 6 6, 5 5))"
    ),
    "<MultiGeometry><Point><coordinates>1,2</coordinates></Point><MultiGeometry><Point>"
    "<coordinates>3,4</coordinates></Point></MultiGeometry></MultiGeometry>": (
        "MULTIPOINT ((1 2), (3 4))"
    ),
    "<MultiGeometry><Point><coordinates>1,2</coordinates></Point><LineString><coordinates>3,4 5,6"
    "</coordinates></LineString></MultiGeometry>": (
        "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (3 4, 5 6))"
    ),
    "<gx:Track><when>2026-01-02T03:04:05Z</when><when>2026-01-02T03:05:05Z</when>"
    "<gx:coord>1 2 3</gx:coord><gx:coord>4 5 6</gx:coord></gx:Track>": "LINESTRING (1 2, 4 5)",
    "<gx:MultiTrack><gx:Track><gx:coord>1 2 3</gx:coord><gx:coord>4 5</gx:coord></gx:Track>"
    "<gx:Track><gx:coord>7 8 9</gx:coord><gx:coord>9 8 7</gx:coord></gx:Track></gx:MultiTrack>": (
        "MULTILINESTRING ((1 2, 4 5), (7 8, 9 8))"
    ),
    "": None,
    "<Point><coordinates></coordinates></Point>": None,
}


def test_every_kind_of_shape_is_read(tmp_path: Path) -> None:
    batch = whole(opened(tmp_path, document("".join(map(placed, SHAPES)))))
    assert [None if s is None else shapely.to_wkt(s, trim=True) for s in batch.shapes] == list(
        SHAPES.values()
    )
    assert not batch.troubles
    assert (batch.columns["begin"][7], batch.columns["end"][7]) == (
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:05:05Z",
    )


def test_a_broken_place_says_why_and_the_others_are_taken(tmp_path: Path) -> None:
    broken = {
        "<Point><coordinates>114.3;30.5</coordinates></Point>": "unreadable_geometry",
        "<Point><coordinates>1,2 3,4</coordinates></Point>": "unreadable_geometry",
        "<LineString><coordinates>1,2</coordinates></LineString>": "unreadable_geometry",
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,1</coordinates>"
        "</LinearRing></outerBoundaryIs></Polygon>": "ring_not_closed",
        "<MultiGeometry><Point><coordinates>1,2</coordinates></Point><Point><coordinates>x,y"
        "</coordinates></Point></MultiGeometry>": "unreadable_geometry",
    }
    body = "".join(placed(b) + POINT for b in broken)
    batch = whole(opened(tmp_path, document(body)))
    assert [batch.troubles[i].reason for i in range(0, 10, 2)] == list(broken.values())
    assert sorted(batch.troubles) == [0, 2, 4, 6, 8]
    assert [batch.shapes[i].x for i in range(1, 10, 2)] == [114.3] * 5


def test_fields_folders_and_times_become_columns(tmp_path: Path) -> None:
    table = (
        "<description><![CDATA[<html><style>td {x}</style><body><table><tr><td>甲楼</td></tr><tr>"
        "<td><table><tr><td>层数</td><td>7</td></tr><tr><td>用途:</td><td>&lt;Null&gt;</td></tr>"
        "</table></td></tr></table></body></html>]]></description>"
    )
    data = (
        '<ExtendedData><Data name="高度"><displayName>x</displayName><value>21.5</value></Data>'
        '<SchemaData schemaUrl="#s"><SimpleData name="name">内</SimpleData></SchemaData>'
        "</ExtendedData>"
    )
    stamp = "<TimeStamp><when>2026-05</when></TimeStamp>"
    plain = "<description>两行 文字</description><styleUrl>#a</styleUrl>"
    body = (
        "<name>文件</name><Style id='a'/><Folder><name>东区</name><Folder><name>一期</name>"
        f"{placed('', '<name>甲</name>' + table)}</Folder>"
        f"{placed('', '<name>乙</name>' + stamp + data)}</Folder>"
        f"{placed('', '<name>丙</name>' + plain)}"
    )
    source = opened(tmp_path, document(body))
    columns = whole(source).columns
    assert source.fields == (
        "name",
        "description",
        "folder",
        "when",
        "层数",
        "用途",
        "高度",
        "name_2",
    )
    assert columns["name"] == ["甲", "乙", "丙"]
    assert columns["folder"] == ["东区/一期", "东区", None]
    assert columns["description"] == [None, None, "两行 文字"]
    assert (columns["层数"][0], columns["用途"][0], columns["高度"][1]) == ("7", None, "21.5")
    assert (columns["name_2"][1], columns["when"][1]) == ("内", "2026-05")
    assert source.rows == 3


def test_what_lies_outside_is_counted_and_never_followed(tmp_path: Path) -> None:
    link = "<{0}><name>x</name><Link><href>http://127.0.0.1:9/a.kml</href></Link></{0}>"
    body = POINT + "".join(map(link.format, ["NetworkLink", "NetworkLink", "GroundOverlay"]))
    source = opened(tmp_path, document(body))
    assert source.notes == ["network_links:2", "overlays:1"]
    assert whole(source).size == 1


def test_nothing_is_fetched_whatever_a_file_points_to(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    here = f"http://127.0.0.1:{server.server_port}"
    links = "".join(
        f"<{name}><Link><href>{here}/{name}</href></Link><Icon><href>{here}/i</href></Icon></{name}>"
        for name in ("NetworkLink", "GroundOverlay", "PhotoOverlay")
    )
    root = f'{PLAIN} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    root += f' xsi:schemaLocation="{here}/a {here}/b.xsd"'
    model = f"<Placemark><Model><Link><href>{here}/m.dae</href></Link></Model></Placemark>"
    styled = POINT.replace("<Point>", f"<styleUrl>{here}/s.kml#a</styleUrl><Point>")
    try:
        source = opened(tmp_path, document(links + model + styled, root))
        assert source.notes == ["models:1", "network_links:1", "overlays:2"]
        assert whole(source).size == 2
        for outside in (
            f'SYSTEM "{here}/kml.dtd"',
            f'[<!ENTITY e SYSTEM "{here}/e">]',
            f'[<!ENTITY % e SYSTEM "{here}/p"> %e;]',
        ):
            text = document(POINT.replace("甲", "&e;"))
            with pytest.raises(Problem) as refused:
                opened(tmp_path, text.replace("<kml", f"<!DOCTYPE kml {outside}><kml", 1))
            assert refused.value.detail == "phone.entities"
    finally:
        server.shutdown()
    assert asked == []


@pytest.mark.parametrize(
    ("declared", "really"),
    [
        ("UTF-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("UTF-8", "gb18030"),
        ("GBK", "gbk"),
        ("gb2312", "utf-8"),
        ("UTF-16", "utf-16"),
    ],
)
def test_letters_are_read_whatever_the_declaration_says(
    tmp_path: Path, declared: str, really: str
) -> None:
    text = document(POINT.replace("甲", "燃气管线中压"), declared=declared)
    assert whole(opened(tmp_path, text.encode(really))).columns["name"] == ["燃气管线中压"]


def test_bytes_that_are_no_letters_and_forbidden_ones_harm_one_row_only(tmp_path: Path) -> None:
    body = (POINT + POINT.replace("甲", "XX") + POINT.replace("甲", "a\x0bb")).encode("gbk")
    raw = (
        document("BODY", declared="GBK").encode().replace(b"BODY", body.replace(b"XX", b"\xff\xfe"))
    )
    batch = whole(opened(tmp_path, raw))
    assert {i: (t.reason, t.value) for i, t in batch.troubles.items()} == {
        1: ("undecodable_text", "fffe")
    }
    assert batch.columns["name"][2] == "ab"


def archive(path: Path, members: dict[str, str | bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return path


def test_a_kmz_gives_its_document(tmp_path: Path) -> None:
    members: dict[str, str | bytes] = {
        "files/a.png": b"x",
        "other.kml": document(""),
        "doc.kml": document(POINT),
    }
    source = opened(tmp_path, archive(tmp_path / "z", members).read_bytes(), "a.kmz")
    assert (source.kind, source.notes, whole(source).size) == ("kmz", ["other_documents:1"], 1)
    only = archive(tmp_path / "o", {"x/图.ovkml": document(POINT)}).read_bytes()
    assert opened(tmp_path, only, "b.ovkmz").claim.because == "ovital"
    stored = archive(tmp_path / "s", members, zipfile.ZIP_STORED).read_bytes()
    assert opened(tmp_path, stored, "a.kmz").kind == "kmz"
    zipped = archive(tmp_path / "k", {"图/东.kml": document(POINT)}).read_bytes()
    assert opened(tmp_path, zipped, "c.zip").layer == "东"


def test_a_kmz_is_measured_by_what_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kml, "UNPACKED", 1 << 20)
    bomb = archive(tmp_path / "b", {"doc.kml": document(" " * (2 << 20) + POINT)})
    assert bomb.stat().st_size < 1 << 16
    with pytest.raises(Problem) as refused:
        opened(tmp_path, bomb.read_bytes(), "b.kmz")
    assert refused.value.kind == "too_large"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        (
            "a.kml",
            document(POINT.replace("甲", "&e;")).replace(
                "<kml", '<!DOCTYPE kml [<!ENTITY e SYSTEM "file:///etc/hostname">]><kml', 1
            ),
            "refused",
        ),
        (
            "a.kml",
            document(POINT.replace("甲", "&b;")).replace(
                "<kml", '<!DOCTYPE kml [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><kml', 1
            ),
            "refused",
        ),
        ("a.kml", document("<Folder>" * 300), "unreadable_file"),
        ("a.kml", "", "unreadable_file"),
        ("a.kmz", b"PK\x03\x04" + bytes(60), "unreadable_file"),
    ],
)
def test_hostile_and_broken_files_are_refused_with_a_sentence(
    tmp_path: Path, name: str, content: str | bytes, kind: str
) -> None:
    with pytest.raises(Problem) as refused:
        list(opened(tmp_path, content, name).batches())
    assert refused.value.kind == kind
    assert refused.value.said("zh")


def test_a_kml_is_known_whatever_it_is_called(tmp_path: Path) -> None:
    for head in ("", "\ufeff", "<!-- <gpx> -->\n"):
        text = head + document(POINT).partition("?>")[2]
        assert opened(tmp_path, text, "pasted.txt").kind == "kml"


def test_a_kml_without_places_is_empty_not_broken(tmp_path: Path) -> None:
    source = opened(tmp_path, document(""))
    assert (source.rows, list(source.batches())) == (0, [])


def test_a_file_that_is_not_well_formed_loses_only_the_broken_places(tmp_path: Path) -> None:
    def named(name: str, tail: str = "</Placemark>") -> str:
        return f"<Placemark><name>{name}</name><Point><coordinates>1,2</coordinates></Point>{tail}"

    data = "<ExtendedData><Data name='k'><value><![CDATA[a&b]]></value></Data></ExtendedData>"
    body = (
        f"<Folder><name>东</name>{named('甲')}"
        f"{named('A&B <b>&amp;</b> &nbsp;</name><name>乙')}</Folder>"
        f"{named('丙', '<Point></Placemark>')}{named('丁', '')}"
        f"{named('戊', data + '</Placemark>')}"
        "<Folder><name>西</name>" + named("己") + "</Folder>"
    )
    source = opened(tmp_path, document(body))
    assert source.rows == 6
    assert source.notes == ["broken_xml:2"]
    batch = whole(source)
    assert batch.columns["name"] == ["甲", "乙", "丙", "丁", "戊", "己"]
    assert batch.columns["folder"] == ["东", "东", None, None, None, "西"]
    assert batch.columns["k"][4] == "a&b"
    assert {i: t.reason for i, t in batch.troubles.items()} == dict.fromkeys(
        (2, 3), "broken_placemark"
    )
    assert [batch.shapes[i].x for i in (0, 1, 4, 5)] == [1.0] * 4


def test_a_file_that_is_cut_off_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        opened(tmp_path, document(POINT * 3)[:-60])
    assert (refused.value.detail, refused.value.params["row"]) == ("phone.broken_xml", 2)


def test_a_batch_is_full_when_its_shapes_are_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kml, "FULL", 16 * 100)
    line = " ".join(f"{i},{i}" for i in range(60))
    shape = placed(f"<LineString><coordinates>{line}</coordinates></LineString>")
    source = opened(tmp_path, document(shape * 5))
    assert [(b.first_row, b.size) for b in source.batches()] == [(1, 2), (3, 2), (5, 1)]
