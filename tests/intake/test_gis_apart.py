"""Drawings and GIS files say the same in a process of their own, behind its walls."""

from pathlib import Path
from typing import Any

import ezdxf
import geopandas
import pytest
import shapely

from gridwarden.intake.apart import open_apart
from gridwarden.intake.formats.batch import Source
from intake.gis_makers import LIMIT, by_gdal, dbf, opened


def drawing(folder: Path) -> Path:
    document = ezdxf.new("R2000")
    document.encoding = "gbk"
    space = document.modelspace()
    space.add_lwpolyline([(0, 0, 1), (9, 0, 0), (9, 9, 0)], format="xyb", close=True)
    space.add_text("中压", dxfattribs={"layer": "燃气管线"})
    document.saveas(folder / "a.dxf")
    return folder / "a.dxf"


def gml(folder: Path) -> Path:
    made = folder / "a.gml"
    made.write_text(
        '<?xml version="1.0" encoding="GBK"?><c:FeatureCollection xmlns:c="urn:c" xmlns:gml='
        '"http://www.opengis.net/gml"><gml:featureMember><c:m><c:g><gml:Point srsName="urn:ogc:'
        'def:crs:EPSG::4547"><gml:pos>1 2</gml:pos></gml:Point></c:g><c:名>甲</c:名></c:m>'
        "</gml:featureMember></c:FeatureCollection>",
        "gb18030",
    )
    return made


def parquet(folder: Path) -> Path:
    frame = geopandas.GeoDataFrame(
        {"名": ["甲", None]}, geometry=[shapely.Point(1, 2), None], crs="EPSG:4547"
    )
    frame.to_parquet(folder / "a.parquet", geometry_encoding="geoarrow")
    return folder / "a.parquet"


def flatgeobuf(folder: Path) -> Path:
    return by_gdal(folder / "a.fgb", "FlatGeobuf", ["POINT (1 2)"], kind=1, codes=["甲"])


def table(folder: Path) -> Path:
    return dbf(folder / "a.dbf", [(b"NAME", b"C", 8, 0)], [["甲".encode("gbk")], [b"x"]])


def said(source: Source) -> list[Any]:
    batches = list(source.batches())
    return [
        (source.kind, source.layer, source.fields, source.claim, source.encoding, source.notes),
        [(b.columns, b.troubles, b.marks, shapely.to_wkt(b.shapes).tolist()) for b in batches],
    ]


@pytest.mark.parametrize("make", [drawing, gml, parquet, flatgeobuf, table])
def test_a_file_says_the_same_behind_walls(tmp_path: Path, make: Any) -> None:
    made = make(tmp_path)
    room = tmp_path / "apart"
    room.mkdir()
    with open_apart(made, made.name, room, LIMIT) as source:
        assert said(source) == said(opened(made))
