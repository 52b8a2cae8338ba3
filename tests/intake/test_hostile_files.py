"""Files that point elsewhere, lie about their size, or are built so that a reader falls over."""

import json
import sqlite3
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ezdxf
import pytest

from gridwarden.geodesy import CrsRefusedError, WorkingCrs, reading_of
from gridwarden.intake.apart import Limits, open_apart
from gridwarden.words.problems import Problem
from intake.hostile import LIMIT, LIMITS, refused, said, watched
from intake.makers import gpkg, point, polygon, shapefile


@pytest.fixture
def room(tmp_path: Path) -> Path:
    made = tmp_path / "room"
    made.mkdir()
    return made


def features(*rows: str, crs: str = "") -> str:
    return f'{{"type":"FeatureCollection",{crs}"features":[{",".join(rows)}]}}'


def feature(geometry: str, properties: str = '{"n":1}') -> str:
    return f'{{"type":"Feature","properties":{properties},"geometry":{geometry}}}'


POINT = '{"type":"Point","coordinates":[114.3,30.5]}'


def test_no_content_makes_gdal_open_something_else(tmp_path: Path, room: Path) -> None:
    """What other drivers would take for an order to read a file or to call a server."""
    with watched(tmp_path) as canary:
        orders = (
            f"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>{canary.secret}"
            "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
            f"<OGRWFSDataSource><URL>{canary.url}</URL></OGRWFSDataSource>",
            f"WFS:{canary.url}",
            f"/vsicurl/{canary.url}/a.gpkg",
            json.dumps({"type": "gdal_streamed_alg", "command_line": f"read {canary.secret}"}),
            json.dumps({"type": "Topology", "objects": {"a": {"type": "Point"}}, "arcs": []}),
            f'{{"type":"FeatureCollection","links":[{{"href":"{canary.url}"}}],"features":[]}}',
        )
        for order in orders:
            for suffix in ("csv", "geojson", "gml", "kml", "gpkg", "shp", "dxf", "fgb", "dat"):
                file = tmp_path / f"x.{suffix}"
                file.write_text(order)
                said(file, room)  # raises nothing but Problem, and never tells the secret
        good = tmp_path / "good.geojson"
        good.write_text(features(feature(POINT)))
        for name in (
            f"/vsicurl/{canary.url}.geojson",
            "WFS:x.geojson",
            "../../x.geojson",
            "\0.csv",
        ):
            assert isinstance(said(good, room, name), Problem | list)
            said(good, room, name, from_layer=f"/vsizip/{canary.secret}")


def test_a_crs_that_is_a_link_is_not_looked_up(tmp_path: Path, room: Path) -> None:
    with watched(tmp_path) as canary:
        for kind, member in (
            ("link", {"href": canary.url, "type": "proj4"}),
            ("name", {"name": f"/vsicurl/{canary.url}"}),
            ("name", {"name": canary.url}),
            ("name", {"name": str(canary.secret)}),
            ("name", {"name": f"+init={canary.secret}:1"}),
        ):
            crs = json.dumps({"crs": {"type": kind, "properties": member}})[1:-1] + ","
            file = tmp_path / "x.geojson"
            file.write_text(features(feature(POINT), crs=crs))
            with open_apart(file, file.name, room, LIMIT, limits=LIMITS) as source:
                stated = source.claim.system
            if stated is not None:  # what nobody can read is refused, never looked up
                with pytest.raises(CrsRefusedError):
                    reading_of(stated, WorkingCrs(4547))


def test_json_nested_without_end_is_a_sentence(tmp_path: Path, room: Path) -> None:
    deep = 100_000
    for body in (
        feature("null", '{"n":' + "[" * deep + "]" * deep + "}"),
        feature('{"type":"Polygon","coordinates":' + "[" * deep + "]" * deep + "}"),
        feature('{"type":"GeometryCollection","geometries":[' * deep + "]}" * deep),
        "[" * deep,
    ):
        file = tmp_path / "x.geojson"
        file.write_text(features(body))
        assert refused(file, room)[0] in ("unreadable_file", "refused")


def views(path: Path, *statements: str) -> Path:
    """A GeoPackage with a layer `evil` that is made by these statements."""
    made = gpkg(path, [(point(), {"n": 1.0})], layer="base")
    db = sqlite3.connect(made)
    for statement in (
        *statements,
        "insert into gpkg_contents (table_name, data_type, identifier, srs_id)"
        " values ('evil', 'attributes', 'evil', 0)",
    ):
        db.execute(statement)
    db.commit()
    db.close()
    return made


def test_views_and_virtual_tables_of_a_geopackage_reach_nothing(tmp_path: Path, room: Path) -> None:
    endless = "with recursive r(fid) as (select 1 union all select fid + 1 from r)"
    with watched(tmp_path) as canary:
        for number, statements in enumerate(
            (
                [f"create view evil as select 1 as fid, load_extension('{canary.secret}') as n"],
                [f"create view evil as select 1 as fid, readfile('{canary.secret}') as n"],
                [
                    "create view evil as select 1 as fid,"
                    f" gdal_get_pixel_value('/vsicurl/{canary.url}', 1, 'pixel', 0, 0) as n"
                ],
                [
                    "create view evil as select 1 as fid, ogr_geocode('x', 'geometry',"
                    f" 'QUERY_TEMPLATE={canary.url}?q=%s') as n"
                ],
                [
                    "pragma writable_schema = 1",
                    "insert into sqlite_master (type, name, tbl_name, rootpage, sql) values"
                    f" ('table', 'evil', 'evil', 0, 'create virtual table evil using"
                    f" VirtualOGR(''{canary.secret}'')')",
                ],
                [f"create view evil as {endless} select fid, randomblob(100000) as n from r"],
            )
        ):
            made = views(tmp_path / f"{number}.gpkg", *statements)
            kind, _ = refused(made, room, from_layer="evil", limits=Limits(700, seconds=2))
            assert kind in ("unreadable_file", "too_large"), statements
        armed = gpkg(tmp_path / "armed.gpkg", [(point(), {"n": 1.0})])
        with sqlite3.connect(armed) as db:
            db.execute(
                "create trigger t after update on armed begin"
                f" select load_extension('{canary.secret}'); end"
            )
        assert "POINT" in repr(said(armed, room))


def lies(folder: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Shapefiles whose numbers are not true."""
    rows = [(polygon(at=i), {"名称": "甲"}) for i in range(3)]
    shapefile(folder, rows, name="p")
    parts = {s: (folder / f"p.{s}").read_bytes() for s in ("shp", "shx", "dbf", "prj")}

    def patched(suffix: str, at: int, form: str, value: int) -> dict[str, bytes]:
        raw = bytearray(parts[suffix])
        struct.pack_into(form, raw, at, value)
        return parts | {suffix: bytes(raw)}

    yield "record length", patched("shp", 104, ">i", 2**30)
    yield "parts", patched("shp", 144, "<i", 2**30)
    yield "vertices", patched("shp", 148, "<i", 2**31 - 1)
    yield "offset", patched("shx", 100, ">i", 2**30)
    yield "index length", patched("shx", 24, ">i", 2**30)
    yield "rows", patched("dbf", 4, "<I", 2**32 - 1)
    yield "header", patched("dbf", 8, "<H", 65535)
    yield "record", patched("dbf", 10, "<H", 65535)
    yield "no record", patched("dbf", 10, "<H", 0)
    yield "nothing", {"shp": parts["shp"][:100]}


def test_a_shapefile_that_lies_about_its_sizes(tmp_path: Path, room: Path) -> None:
    for name, parts in lies(tmp_path / "s"):
        file = tmp_path / "x.zip"
        with zipfile.ZipFile(file, "w") as archive:
            for suffix, data in parts.items():
                archive.writestr(f"p.{suffix}", data)
        found = said(file, room)
        assert isinstance(found, Problem) or len(repr(found)) < 3_000, name


def test_columns_and_cells_without_measure(tmp_path: Path, room: Path) -> None:
    head = bytearray(32)
    struct.pack_into("<BxxxIHH", head, 0, 3, 1, 65_505, 2_047)
    names = (f"F{i}".encode().ljust(11, b"\0") + b"C" + bytes(4) + b"\x01" for i in range(2_046))
    dbf = bytes(head) + b"".join(f.ljust(32, b"\0") for f in names) + b"\r" + b" " * 2_047
    wide = ",".join(f"c{i}" for i in range(100_000))
    for name, data in (
        ("wide.csv", wide.encode()),
        ("wide.dbf", dbf),
        (
            "wide.geojson",
            features(
                feature(POINT, json.dumps(dict.fromkeys(wide.split(",")[:5_000], 1)))
            ).encode(),
        ),
        ("cell.csv", b"lon,lat,n\n114,30," + b"x" * (17 << 20)),
        ("line.csv", b"x" * (18 << 20)),
    ):
        file = tmp_path / name
        file.write_bytes(data)
        assert refused(file, room)[0] in ("refused", "unreadable_file"), name
    ten = tmp_path / "ten.csv"
    ten.write_bytes(b"lon,lat,n\n114,30," + b"x" * (10 << 20) + b"\n114,31,y\n")
    found = said(ten, room)
    assert isinstance(found, Problem) or "114 31" in repr(found[-1])


def test_drawings_that_explode_or_point_elsewhere(tmp_path: Path, room: Path) -> None:
    with watched(tmp_path) as canary:
        drawings: dict[str, Any] = {}
        for name in ("laughs", "rows", "elsewhere"):
            drawings[name] = ezdxf.new()
        blocks = drawings["laughs"].blocks
        blocks.new("B0").add_line((0, 0), (1, 1))
        for level in range(1, 9):
            block = blocks.new(f"B{level}")
            for k in range(10):
                block.add_blockref(f"B{level - 1}", (k, 0))
        drawings["laughs"].modelspace().add_blockref("B8", (0, 0))
        one, two = (drawings["elsewhere"].blocks.new(name) for name in "AB")
        one.add_blockref("B", (0, 0))
        two.add_blockref("A", (0, 0))
        drawings["elsewhere"].modelspace().add_blockref("A", (0, 0))
        drawings["rows"].blocks.new("A").add_line((0, 0), (1, 1))
        many = {"row_count": 30_000, "column_count": 30_000, "row_spacing": 1, "column_spacing": 1}
        drawings["rows"].modelspace().add_blockref("A", (0, 0), dxfattribs=many)
        drawings["elsewhere"].add_xref_def(str(canary.secret), "X")
        drawings["elsewhere"].modelspace().add_blockref("X", (0, 0))
        for name, drawing in drawings.items():
            file = tmp_path / f"{name}.dxf"
            drawing.saveas(file)
            found = said(file, room)
            assert isinstance(found, Problem) or name == "elsewhere", name
            assert len(repr(found)) < 3_000
