"""Drawings as offices send them: letters, blocks, arcs, units, and what they must not do."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import pytest
import shapely
from ezdxf.math import Matrix44, Vec3

from gridwarden.geodesy import WorkingCrs, reading_of
from gridwarden.intake.formats.batch import Batch, Trouble
from gridwarden.intake.geometry import Shaper
from gridwarden.words.problems import Problem
from intake.gis_makers import opened, whole

MILLIMETRE = 0.001


def drawn(
    path: Path, draw: Callable[[Any, Any], None], version: str = "R2010", units: int = 6
) -> Path:
    """A drawing; `draw` is given the document and its model space."""
    document = ezdxf.new(version, units=units)
    draw(document, document.modelspace())
    document.saveas(path)
    return path


def read(path: Path, draw: Callable[[Any, Any], None], **options: Any) -> Batch:
    return whole(opened(drawn(path, draw, **options)))


def by_type(batch: Batch) -> dict[str, Any]:
    return dict(zip(batch.columns["type"], batch.shapes, strict=True))


def text_drawing(path: Path, layer: str, text: str) -> bytes:
    """The bytes of an R2000 drawing with one text, for Chinese in GBK under ANSI_936."""

    def draw(document: Any, space: Any) -> None:
        document.encoding = "gbk"
        document.layers.add(layer)
        space.add_text(text, dxfattribs={"layer": layer, "insert": (1, 2)})

    return drawn(path, draw, version="R2000").read_bytes()


@pytest.mark.parametrize(
    ("page", "encoding", "text", "noted"),
    [
        (b"ANSI_936", "gbk", "中压A燃气管线", False),
        (b"ANSI_1252", "gbk", "中压A燃气管线", True),
        (b"ANSI_936", "utf-8", "中压A燃气管线", True),
        (b"ANSI_1252", "cp1252", "Gasleitung Zürich Süd, Größe", False),
        (b"ANSI_1251", "cp1251", "газ", False),
    ],
)
def test_letters_are_read_whatever_code_page_the_drawing_names(
    tmp_path: Path, page: bytes, encoding: str, text: str, noted: bool
) -> None:
    made = tmp_path / "a.dxf"
    raw = text_drawing(made, "LAYERNAME", "TEXTHERE")
    raw = raw.replace(b"ANSI_936", page).replace(b"LAYERNAME", text.encode(encoding))
    made.write_bytes(raw.replace(b"TEXTHERE", text.encode(encoding)))
    source = opened(made)
    batch = whole(source)
    assert batch.columns["layer"] == batch.columns["text"] == [text]
    assert any(note.startswith("drawing_code_page:") for note in source.notes) is noted
    assert opened(made, from_layer=text).layer == text


def test_escapes_and_formatting_codes_are_not_text(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        space.add_text(r"\U+71C3\U+6C14 %%c300", dxfattribs={"layer": r"\U+71C3\U+6C14"})
        space.add_text(r"\M+5C8BC\U+6C14")
        space.add_mtext(r"{\fSimSun|b0|i0|c134;中压\P\U+7BA1\U+7EBF} \H2x;\C1;DN300 \S1/2;")

    batch = read(tmp_path / "a.dxf", draw)
    assert batch.columns["text"] == ["燃气 Ø300", "燃气", "中压\n管线 DN300 1/2"]
    assert batch.columns["layer"][0] == "燃气"


def test_bytes_that_are_no_letters_are_told_of_by_row(tmp_path: Path) -> None:
    made = tmp_path / "a.dxf"
    raw = text_drawing(made, "管线", "TEXTHERE")
    made.write_bytes(raw.replace(b"TEXTHERE", b"\xff\xfe\xff"))
    assert whole(opened(made)).troubles == {0: Trouble("undecodable_text", "text", "fffeff")}


def test_arcs_leave_their_chords_by_at_most_a_millimetre(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        space.add_circle((500_000, 3_000_000), 120)
        space.add_arc((500_000, 3_000_000), 40, 350, 80)
        space.add_lwpolyline([(0, 0, math.tan(math.radians(30))), (60, 0, 0)], format="xyb")
        space.add_ellipse((10, 20), major_axis=(30, 40), ratio=0.3)
        space.add_spline([(0, 0), (40, 60), (90, -20), (130, 0)])

    shapes = by_type(read(tmp_path / "a.dxf", draw))
    for kind, radius in (("CIRCLE", 120.0), ("ARC", 40.0)):
        x, y = (shapely.get_coordinates(shapes[kind]) - (500_000, 3_000_000)).T
        assert np.allclose(np.hypot(x, y), radius, atol=1e-6)
        middle = np.hypot((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2)
        assert radius - middle.min() <= MILLIMETRE
    arc = shapely.get_coordinates(shapes["ARC"]) - (500_000, 3_000_000)
    assert np.allclose(
        arc[0], 40 * np.array([math.cos(math.radians(350)), math.sin(math.radians(350))])
    )
    assert np.allclose(
        arc[-1], 40 * np.array([math.cos(math.radians(80)), math.sin(math.radians(80))])
    )
    # A bulge of tan(30°) is an arc of 120°, to the right of the way, on a radius of 60 / √3 m.
    bulge = shapes["LWPOLYLINE"]
    assert bulge.length == pytest.approx(math.radians(120) * 60 / math.sqrt(3), abs=0.01)
    assert bulge.bounds[1] == pytest.approx(-60 / math.sqrt(3) / 2, abs=MILLIMETRE)
    assert shapes["ELLIPSE"].area == pytest.approx(math.pi * 50 * 15, abs=0.2)
    assert shapes["SPLINE"].distance(shapely.Point(40, 60)) <= MILLIMETRE
    assert shapes["SPLINE"].distance(shapely.Point(90, -20)) <= MILLIMETRE


def test_hatches_faces_and_closed_lines_are_areas(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        hatch = space.add_hatch()
        hatch.paths.add_polyline_path([(0, 0), (10, 0), (10, 10), (0, 10)])
        hatch.paths.add_polyline_path([(2, 2), (4, 2), (4, 4), (2, 4)], flags=16)
        edges = space.add_hatch(dxfattribs={"layer": "edges"}).paths.add_edge_path()
        edges.add_line((20, 0), (30, 0))
        edges.add_arc((30, 5), 5, 270, 90)
        edges.add_line((30, 10), (20, 10))
        edges.add_line((20, 10), (20, 0))
        space.add_3dface([(0, 0), (4, 0), (4, 4), (0, 4)])
        space.add_solid([(0, 0), (4, 0), (0, 4), (4, 4)])
        space.add_lwpolyline([(0, 0), (7, 0), (7, 7)], close=True)
        space.add_polyline3d([(0, 0, 1), (6, 0, 2), (6, 6, 3), (0, 0, 1)])

    batch = read(tmp_path / "a.dxf", draw)
    areas = [round(shape.area, 1) for shape in batch.shapes]
    assert areas == [96, round(100 + math.pi * 12.5, 1), 16, 16, 24.5, 18]
    assert batch.marks == {4: "outline", 5: "outline"}


@pytest.mark.parametrize(
    ("geometry", "kind"),
    [("polygon", "MultiPolygon"), ("line", "MultiLineString"), ("any", "Polygon")],
)
def test_the_layer_decides_what_a_closed_line_is(tmp_path: Path, geometry: Any, kind: str) -> None:
    def draw(document: Any, space: Any) -> None:
        corners = [(529_000, 3_374_000), (529_050, 3_374_000), (529_050, 3_374_050)]
        space.add_lwpolyline(corners, close=True)

    batch = read(tmp_path / "a.dxf", draw)
    reading = reading_of("EPSG:4547", WorkingCrs(4547))
    marks = dict(batch.marks)
    (shape,) = Shaper(geometry, reading).all(batch.shapes, {}, marks)
    assert (shape.geom_type, marks) == (kind, {})
    assert shape.length == pytest.approx(100 + 50 * math.sqrt(2))


def test_blocks_are_exploded_as_they_are_turned_stretched_mirrored_and_nested(
    tmp_path: Path,
) -> None:
    def draw(document: Any, space: Any) -> None:
        inner = document.blocks.new("阀", base_point=(1, 1))
        inner.add_lwpolyline([(1, 1, 1), (3, 1, 0), (3, 4, 0)], format="xyb")
        outer = document.blocks.new("阀井")
        outer.add_blockref("阀", (5, 0), dxfattribs={"rotation": 90, "xscale": 2, "layer": "0"})
        space.add_blockref(
            "阀井",
            (1000, 2000),
            dxfattribs={"xscale": -3, "yscale": 1.5, "rotation": 30, "layer": "RQ", "color": 3},
        )

    batch = read(tmp_path / "a.dxf", draw)
    assert batch.columns["block"] == ["阀井/阀"]
    assert batch.columns["layer"] == ["RQ"]
    (shape,) = batch.shapes

    def placed(x: float, y: float) -> Vec3:
        inner = Matrix44.chain(
            Matrix44.translate(-1, -1, 0),
            Matrix44.scale(2, 1, 1),
            Matrix44.z_rotate(math.pi / 2),
            Matrix44.translate(5, 0, 0),
        )
        outer = Matrix44.chain(
            Matrix44.scale(-3, 1.5, 1),
            Matrix44.z_rotate(math.radians(30)),
            Matrix44.translate(1000, 2000, 0),
        )
        return outer.transform(inner.transform(Vec3(x, y)))

    line = shapely.get_coordinates(shape)
    assert np.allclose(line[0], placed(1, 1).vec2)
    assert np.allclose(line[-1], placed(3, 4).vec2)
    for angle in np.linspace(math.pi, 2 * math.pi, 50):
        place = placed(2 + math.cos(angle), 1 + math.sin(angle))
        assert shape.distance(shapely.Point(place.vec2)) <= MILLIMETRE


def test_an_insert_array_repeats_and_attributes_are_fields(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        block = document.blocks.new("棚")
        block.add_circle((0, 0), 1)
        block.add_attdef("编号", (0, 0))
        insert = space.add_blockref(
            "棚", (100, 200), dxfattribs={"column_count": 3, "column_spacing": 10, "layer": "棚"}
        )
        insert.add_attrib("编号", "P-7", (0, 0))
        insert.add_attrib("LAYER", "二层", (0, 0))
        space.add_line((0, 0), (1, 1))

    path = drawn(tmp_path / "a.dxf", draw)
    batch = whole(opened(path))
    assert batch.columns["type"] == ["INSERT", "CIRCLE", "CIRCLE", "CIRCLE", "LINE"]
    assert batch.columns["编号"] == ["P-7"] * 4 + [None]
    assert batch.columns["LAYER_2"] == ["二层"] * 4 + [None]
    assert [round(s.centroid.x) for s in batch.shapes[:4]] == [100, 100, 110, 120]
    handles = batch.columns["handle"]
    assert len(set(handles)) == 5
    assert handles[1] == f"{handles[0]}.1"
    assert whole(opened(path)).columns["handle"] == handles


def test_a_bomb_of_nested_blocks_stops_with_a_sentence(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        document.blocks.new("b0").add_point((0, 0))
        for i in range(1, 12):
            grid = {"row_count": 30, "column_count": 30, "row_spacing": 1, "column_spacing": 1}
            document.blocks.new(f"b{i}").add_blockref(f"b{i - 1}", (0, 0), dxfattribs=grid)
        space.add_blockref("b11", (0, 0))

    with pytest.raises(Problem) as refused:
        opened(drawn(tmp_path / "a.dxf", draw))
    assert refused.value.kind == "refused"
    assert "500000" in refused.value.said("zh")


def test_a_block_that_holds_itself_ends(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        block = document.blocks.new("a")
        block.add_line((0, 0), (1, 0))
        block.add_blockref("b", (0, 0))
        document.blocks.new("b").add_blockref("a", (0, 0))
        space.add_blockref("a", (0, 0))

    assert read(tmp_path / "a.dxf", draw).columns["type"] == ["LINE"]


def test_hidden_layers_are_read_and_paper_and_other_drawings_are_not(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    os.mkfifo(canary)  # whoever opens it waits for ever

    def draw(document: Any, space: Any) -> None:
        document.layers.add("冻结").freeze()
        space.add_line((0, 0), (1, 1), dxfattribs={"layer": "冻结"})
        document.layout("Layout1").add_line((0, 0), (9, 9))
        document.add_xref_def(str(canary), "底图")
        space.add_blockref("底图", (0, 0))
        space.add_linear_dim((0, 2), (0, 0), (3, 0)).render()

    source = opened(drawn(tmp_path / "a.dxf", draw))
    assert whole(source).columns["type"] == ["LINE"]
    notes = dict(note.split(":", 1) for note in source.notes)
    assert notes["drawing_hidden"] == "冻结"
    assert notes["drawing_xref"] == "底图"
    assert int(notes["drawing_paper"]) >= 1
    assert notes["drawing_left_out"] == "XREF 1, DIMENSION 1"


def test_one_layer_of_a_drawing_is_asked_for_by_name(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        space.add_line((0, 0), (1, 1), dxfattribs={"layer": "燃气管线"})
        space.add_line((0, 0), (2, 2), dxfattribs={"layer": "给水"})

    path = drawn(tmp_path / "图.dxf", draw)
    assert len(whole(opened(path)).shapes) == 2
    assert whole(opened(path, from_layer="燃气管线")).columns["layer"] == ["燃气管线"]
    with pytest.raises(Problem) as missing:
        opened(path, from_layer="电力")
    assert missing.value.kind == "not_found"
    assert "给水" in missing.value.said("zh")


def test_old_and_binary_drawings_are_read_and_only_real_handles_name_rows(tmp_path: Path) -> None:
    bare = "0\nSECTION\n2\nENTITIES\n0\nLINE\n8\nx\n10\n0\n20\n0\n11\n1\n21\n1\n0\nENDSEC\n0\nEOF\n"
    (tmp_path / "bare.dxf").write_text(bare, "ascii")
    batch = whole(opened(tmp_path / "bare.dxf"))
    assert batch.columns["handle"] == [None]
    document = ezdxf.new("R2010")
    document.modelspace().add_line((0, 0), (1, 1), dxfattribs={"layer": "管线"})
    document.saveas(tmp_path / "b.dxf", fmt="bin")
    batch = whole(opened(tmp_path / "b.dxf"))
    assert batch.columns["layer"] == ["管线"]
    assert batch.columns["handle"] != [None]


def test_what_makes_no_sense_is_one_bad_row(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        space.add_circle((0, 0), 1)
        space.add_line((0, 0), (1, 1))

    made = drawn(tmp_path / "a.dxf", draw)
    made.write_bytes(made.read_bytes().replace(b"\n 40\n1.0\n", b"\n 40\ninf\n"))
    batch = whole(opened(made))
    assert batch.troubles == {0: Trouble("unreadable_geometry", "type", "CIRCLE")}
    assert batch.shapes[1].geom_type == "LineString"


@pytest.mark.parametrize(
    ("name", "content", "kind", "says"),
    [
        ("a.dwg", b"AC1027" + bytes(100), "refused", "DXF"),
        ("a.dxf", b"0\nSECTION\n2\nENTITIES\n0\nLINE\n8\nx\n", "unreadable_file", "breaks off"),
        ("a.dxf", b"0\nSECTION\n2\nENTITIES\n0\nLINE\n8\n0\nEOF\n", "unreadable_file", ""),
        (
            "a.dxf",
            b"0\nSECTION\n2\nENTITIES\n0\nLINE\n8\nx\n10\nabc\n20\n0\n0\nENDSEC\n0\nEOF\n",
            "unreadable_file",
            "near line",
        ),
        ("a.dxf", b"AutoCAD Binary DXF\r\n\x1a\x00\x00\xff", "unreadable_file", ""),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, kind: str, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Problem) as refused:
        list(opened(tmp_path / name).batches())
    assert refused.value.kind == kind
    assert says in refused.value.said("en")
