"""GML, file geodatabases, FlatGeobuf, and true arcs in any of them."""

import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from gridwarden.intake import formats
from gridwarden.intake.formats.batch import Batch
from gridwarden.intake.formats.curves import BadCurveError, straightened
from gridwarden.intake.formats.filegdb import FileGdb
from gridwarden.intake.formats.format import Part
from gridwarden.words.problems import Problem
from gridwarden.words.speech import catalogue
from intake.gis_makers import by_gdal, opened, whole
from intake.makers import gdal, point

READERS = frozenset(["vector", "shapefile", "dbf", "geojson", "gml", "filegdb", "parquet"])
URN = "urn:ogc:def:crs:EPSG::"
HEAD = (
    '<?xml version="1.0" encoding="{encoding}"?>{doctype}<wfs:FeatureCollection'
    ' xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:a="urn:a"'
    ' xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {more}>'
)


def member(srs: str, place: str, name: str = "甲", kind: str = "main") -> str:
    system = f'srsName="{srs}"' if srs else ""
    return (
        f'<wfs:member><a:{kind} gml:id="m{abs(hash(place))}"><a:geom><gml:Point {system}>'
        f"<gml:pos>{place}</gml:pos></gml:Point></a:geom><a:name>{name}</a:name>"
        f'<a:dn uom="mm">300</a:dn></a:{kind}></wfs:member>'
    )


def gml(
    path: Path,
    *members: str,
    encoding: str = "UTF-8",
    said: str | None = None,
    doctype: str = "",
    more: str = "",
) -> Path:
    head = HEAD.format(encoding=said or encoding, doctype=doctype, more=more)
    path.write_text(head + "".join(members) + "</wfs:FeatureCollection>", encoding)
    return path


@pytest.mark.parametrize(
    ("srs", "place", "system", "north_first", "shape"),
    [
        (URN + "4490", "30.5 114.3", "EPSG:4490", False, (114.3, 30.5)),
        (URN + "4547", "3374000 529000", "EPSG:4547", False, (529000, 3374000)),
        (
            "http://www.opengis.net/def/crs/EPSG/0/4547",
            "3374000 529000",
            "EPSG:4547",
            False,
            (529000, 3374000),
        ),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "114.3 30.5", "EPSG:4326", False, (114.3, 30.5)),
        ("EPSG:4547", "3374000 529000", "EPSG:4547", None, (3374000, 529000)),
        ("EPSG:4547", "529000 3374000", "EPSG:4547", None, (529000, 3374000)),
        ("", "3374000 529000", None, None, (3374000, 529000)),
    ],
)
def test_a_gml_says_which_of_its_numbers_is_the_northing_or_leaves_it_open(
    tmp_path: Path,
    srs: str,
    place: str,
    system: str | None,
    north_first: bool | None,
    shape: tuple[float, float],
) -> None:
    source = opened(gml(tmp_path / "a.gml", member(srs, place)))
    assert (source.claim.system, source.claim.north_first) == (system, north_first)
    batch = whole(source)
    assert batch.shapes[0].coords[0] == shape
    assert (batch.columns["name"], batch.columns["dn"]) == (["甲"], [300])


@pytest.mark.parametrize("name", ["a.gml", "a.xml"])
@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8"),
        ("gb18030", "GBK"),
        ("gb18030", "UTF-8"),
        ("utf-8", "GB2312"),
        ("utf-16", "UTF-16"),
    ],
)
def test_a_gml_is_known_by_its_content_and_read_in_any_letters(
    tmp_path: Path, name: str, encoding: str, said: str
) -> None:
    made = gml(tmp_path / name, member(URN + "4547", "1 2"), encoding=encoding, said=said)
    assert whole(opened(made)).columns["name"] == ["甲"]


def test_several_feature_types_are_layers_and_several_systems_are_refused(tmp_path: Path) -> None:
    both = gml(
        tmp_path / "a.gml",
        member(URN + "4547", "1 2"),
        member(URN + "4547", "3 4", name="阀", kind="valve"),
    )
    with pytest.raises(Problem) as several:
        opened(both)
    assert "main, valve" in several.value.said("zh")
    assert whole(opened(both, from_layer="valve")).columns["name"] == ["阀"]
    mixed = gml(tmp_path / "b.gml", member(URN + "4547", "1 2"), member(URN + "4490", "3 4"))
    with pytest.raises(Problem) as refused:
        opened(mixed)
    assert "4490" in refused.value.said("en")


def test_a_city_model_is_refused_kindly(tmp_path: Path) -> None:
    made = tmp_path / "a.gml"
    made.write_text('<CityModel xmlns:gml="http://www.opengis.net/gml"></CityModel>', "utf-8")
    with pytest.raises(Problem) as refused:
        opened(made)
    assert "CityGML" in refused.value.said("zh")


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, and what was asked of it."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()


def test_a_gml_fetches_nothing_and_nothing_beside_it_is_read_or_written(tmp_path: Path) -> None:
    secret = tmp_path / "secret.gml"
    gml(secret, member(URN + "4547", "7 7", name="SECRET"))
    with listening() as (here, asked):
        made = gml(
            tmp_path / "a.gml",
            member(URN + "4547", "1 2"),
            f'<wfs:member xlink:href="{here}/linked.gml#m1"/>',
            f'<wfs:member xlink:href="{secret.as_uri()}#m1"/>',
            doctype=f'<!DOCTYPE r SYSTEM "{here}/r.dtd">',
            more=f'xsi:schemaLocation="urn:a {here}/a.xsd urn:b /vsicurl/{here}/b.xsd"',
        )
        (tmp_path / "a.gfs").write_text("<GMLFeatureClassList><wrong/></GMLFeatureClassList>")
        (tmp_path / "a.xsd").write_text("<schema/>")
        before = {p.name: p.read_bytes() for p in tmp_path.glob("a.*")}
        batch = whole(opened(made))
    assert asked == []
    assert batch.columns["name"] == ["甲"]
    assert {p.name: p.read_bytes() for p in tmp_path.glob("a.*")} == before


@pytest.mark.parametrize(
    "entity",
    [
        '<!ENTITY x SYSTEM "file:///etc/hostname">',
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY x "&a;&a;&a;&a;">',
        '<!ENTITY % x "a">',
    ],
)
def test_a_gml_that_defines_entities_is_refused(tmp_path: Path, entity: str) -> None:
    made = gml(tmp_path / "a.gml", member(URN + "4547", "1 2"), doctype=f"<!DOCTYPE r [{entity}]>")
    with pytest.raises(Problem) as refused:
        opened(made)
    assert refused.value.kind == "refused"


def test_a_gml_that_breaks_off_is_said_to_and_gives_no_row(tmp_path: Path) -> None:
    made = gml(tmp_path / "a.gml", *(member(URN + "4547", f"1 {i}") for i in range(100)))
    made.write_bytes(made.read_bytes()[:-3000])
    with pytest.raises(Problem) as refused:
        opened(made)
    assert refused.value.kind == "unreadable_file"


ARC = "CIRCULARSTRING (0 0, 10 10, 20 0)"
COMPOUND = f"COMPOUNDCURVE ((-30 0, 0 0), {ARC}, (20 0, 50 0))"
DISC = "CURVEPOLYGON (CIRCULARSTRING (0 0, 10 10, 20 0, 10 -10, 0 0))"
CURVES = {
    ARC: ("LineString", math.pi * 10),
    COMPOUND: ("LineString", 60 + math.pi * 10),
    f"MULTICURVE ({ARC}, (0 0, 0 5))": ("MultiLineString", 5 + math.pi * 10),
    DISC: ("Polygon", math.pi * 20),
    f"MULTISURFACE ({DISC}, ((40 0, 50 0, 50 10, 40 0)))": (
        "MultiPolygon",
        20 + math.sqrt(200) + math.pi * 20,
    ),
    "CIRCULARSTRING (0 0, 20 0, 0 0)": ("LineString", math.pi * 20),
    "CIRCULARSTRING (0 0, 10 0, 20 0)": ("LineString", 20),
    "GEOMETRYCOLLECTION (CIRCULARSTRING (0 0, 10 10, 20 0))": ("GeometryCollection", math.pi * 10),
    "TIN Z (((0 0 1, 10 0 1, 0 10 1, 0 0 1)))": ("MultiPolygon", 20 + math.sqrt(200)),
}


def test_true_arcs_become_chords_within_a_millimetre(tmp_path: Path) -> None:
    made = by_gdal(tmp_path / "a.gpkg", "GPKG", list(CURVES))
    batch = whole(opened(made))
    assert not batch.troubles
    for shape, (kind, length) in zip(batch.shapes, CURVES.values(), strict=True):
        assert shape.geom_type == kind
        assert length - 0.01 < shape.length <= length + 1e-6
    arc = shapely.get_coordinates(batch.shapes[0])
    for (x0, y0), (x1, y1) in pairwise(arc):
        assert abs(math.hypot(x0 - 10, y0) - 10) < 1e-9
        assert 10 - math.hypot((x0 + x1) / 2 - 10, (y0 + y1) / 2) <= 0.001


@pytest.mark.parametrize(
    "wkb",
    [
        b"\x01\x08\x00\x00\x00\xff\xff\xff\xff",
        b"\x01\x08\x00\x00\x00\x03\x00\x00\x00" + bytes(20),
        b"\x01\x0b\x00\x00\x00\x01\x00\x00\x00" * 200,
        b"\x01\x63\x00\x00\x00\x00\x00\x00\x00",
    ],
)
def test_bytes_that_are_no_curve_are_refused(wkb: bytes) -> None:
    with pytest.raises(BadCurveError):
        straightened(wkb, 0.001)


def gdb(path: Path, **options: Any) -> Batch:
    """A geodatabase as it is read from its folder."""
    made = by_gdal(path, "OpenFileGDB", **options)
    return whole(FileGdb(Part("filegdb", made, "a"), "layer", None))


def test_codes_of_a_geodatabase_are_read_as_their_words_under_the_fields_alias(
    tmp_path: Path,
) -> None:
    batch = gdb(
        tmp_path / "a.gdb",
        kind=5,
        shapes=[f"MULTICURVE ({ARC})", "MULTILINESTRING ((1 2, 3 4))", None],
        alias="压力级制",
        coded={"1": "中压A", "2": "低压"},
        codes=["1", "2", "9"],
    )
    assert batch.columns["压力级制"] == ["中压A", "低压", "9"]
    assert batch.shapes[0].length == pytest.approx(math.pi * 10, abs=0.01)
    assert batch.shapes[2] is None


def test_a_field_that_is_known_keeps_its_own_name(tmp_path: Path) -> None:
    made = by_gdal(tmp_path / "a.gdb", "OpenFileGDB", ["POINT (1 2)"], kind=1, alias="GXYL")
    source = FileGdb(Part("filegdb", made, "a"), "layer", None)
    assert source.fields == ("GXYL",)
    assert source.notes == []
    assert (source.claim.system, source.claim.north_first) == ("EPSG:4547", False)


def test_a_flatgeobuf_is_one_layer(tmp_path: Path) -> None:
    rows = [(point(0.001 * i), {"名称": f"棚{i}"}) for i in range(3)]
    made = gdal(tmp_path / "棚.fgb", rows, driver="FlatGeobuf", geometry_type="Point")
    source = opened(made)
    assert (source.kind, source.layer, source.rows) == ("flatgeobuf", "棚", 3)
    assert source.claim.system == "EPSG:4326"
    assert sorted(whole(source).columns["名称"]) == ["棚0", "棚1", "棚2"]
    made.write_bytes(made.read_bytes()[:-50])
    with pytest.raises(Problem) as refused:
        list(opened(made).batches())
    assert refused.value.kind == "unreadable_file"


def test_a_table_without_shapes_may_have_its_places_in_columns(tmp_path: Path) -> None:
    made = tmp_path / "a.gpkg"
    pyogrio.raw.write(
        str(made),
        geometry=None,
        field_data=[np.array([114.3, np.nan]), np.array([30.5, 30.5]), np.array([7.0, 8.0])],
        fields=["经度", "纬度", "places"],
        geometry_type=None,
        driver="GPKG",
        layer="充电棚",
    )
    source = opened(made)
    batch = whole(source)
    assert (source.layer, source.places) == ("充电棚", {"经度", "纬度"})
    assert source.claim.system == "degrees"
    assert [None if s is None else s.wkt for s in batch.shapes] == ["POINT (114.3 30.5)", None]
    assert batch.columns == {"places": [7.0, 8.0]}


def test_every_note_and_every_reason_for_a_system_has_its_words() -> None:
    """What these readers say is looked up by name when somebody reads the import."""
    folder = Path(formats.__file__).parent
    known = catalogue()
    for file in (f for f in folder.glob("*.py") if f.stem in READERS or f.stem.startswith("dxf")):
        text = file.read_text("utf-8")
        notes = re.findall(r"f\"((?:drawing|dbf|gdb|parquet)_[a-z_]+):", text)
        systems = re.findall(r"Claim\([^()]*?\"([a-z0-9]+_[a-z0-9_]+)\"", text)
        keys = re.findall(r"\"(intake\.[a-z_]+)\"", text)
        for key in (
            *(f"intake.note.{one}" for one in notes),
            *(f"coordinates.because.{one}" for one in systems),
            *keys,
        ):
            assert key in known, (file.name, key)
